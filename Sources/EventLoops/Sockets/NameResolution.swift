internal import Basics
internal import CLinux
internal import Glibc

/// A host name that could not be resolved: `cannot resolve NAME:PORT: ` and the resolver's message.
package struct NameResolutionError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

extension SocketAddress {
    /// All addresses of a name or an address literal, without duplicates, in the resolver's order. `localhost` has both
    /// families, as RFC 6761 requires, even if /etc/hosts gives it only one: the other side may try either. Blocks for
    /// as long as the resolver takes, so a loop's thread must not call it while it serves.
    package static func resolve(host: String, port: UInt16) throws(NameResolutionError) -> [SocketAddress] {
        if host.lowercased() == "localhost" { return loopbacks(port: port) }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else {
            let name = ListenAddress.host(host, port: port)
            throw NameResolutionError(description: "cannot resolve \(name): \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next {
            if let address = entry.pointee.ai_addr {
                let bytes = UnsafeRawBufferPointer(start: address, count: Int(entry.pointee.ai_addrlen))
                let found = SocketAddress(bytes, length: bytes.count)
                if !addresses.contains(found) { addresses.append(found) }
            }
            next = entry.pointee.ai_next
        }
        return addresses
    }
}
