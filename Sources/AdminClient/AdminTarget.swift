package import Basics
package import EventLoops

/// Where a client command finds the admin plane: the address that the server was given, read from the client's side.
package struct AdminTarget: Hashable, Sendable {
    /// As the user wrote it.
    package let name: String
    /// To be tried in turn; never empty.
    package let candidates: [SocketAddress]

    package init(name: String, candidates: [SocketAddress]) {
        self.name = name
        self.candidates = candidates
    }

    /// Resolves names, which takes as long as the resolver does. Every interface (`:PORT`, `0.0.0.0`, `::`) is reached
    /// over loopback. Port 0 must have been refused before.
    package static func resolve(_ address: ListenAddress) throws(NameResolutionError) -> AdminTarget {
        let name = address.description
        switch address {
        case .unix(let path): return AdminTarget(name: name, candidates: [.unix(path: path)])
        case .everyInterface(let port): return AdminTarget(name: name, candidates: SocketAddress.loopbacks(port: port))
        case .host(let host, let port):
            let found = try SocketAddress.resolve(host: host, port: port)
            return AdminTarget(name: name, candidates: found.flatMap(loopbackIfWildcard))
        }
    }

    private static func loopbackIfWildcard(_ address: SocketAddress) -> [SocketAddress] {
        let loopbacks = SocketAddress.loopbacks(port: address.port ?? 0)
        return switch address.ip {
        // Whether `[::]` is dual-stack depends on the host; `0.0.0.0` never is.
        case .v4(0): [loopbacks[0]]
        case .v6(0, 0): loopbacks.reversed()
        default: [address]
        }
    }
}
