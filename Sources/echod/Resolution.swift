import EchoCore
import EchoServer
import EventLoops

/// Names to addresses, before anything is bound.
enum Resolution {
    /// What `address` stands for. A name that does not resolve is an error for a person.
    static func resolve(_ address: ListenAddress) throws(NameResolutionError) -> ListenerAddress {
        let name = address.description
        switch address {
        case .host(let host, let port):
            // Both families, as RFC 6761 has it, also where /etc/hosts gives it one: clients may try either.
            if host.lowercased() == "localhost" {
                return ListenerAddress(name: name, candidates: SocketAddress.loopbacks(port: port))
            }
            do throws(NameResolutionError) {
                return ListenerAddress(name: name, candidates: try SocketAddress.resolve(host: host, port: port))
            } catch {
                throw NameResolutionError(description: "cannot resolve \(name): \(error.description)")
            }
        case .everyInterface(let port):
            return ListenerAddress(
                name: name, candidates: [.anyInterface(port: port), .anyIPv4Interface(port: port)],
                isAlternative: true)
        case .unix(let path):
            return ListenerAddress(name: name, candidates: [.unix(path: path)])
        }
    }

    /// Whether clients can come over loopback only (Unix sockets apart).
    static func isLoopbackOnly(_ listeners: [ListenerAddress]) -> Bool {
        listeners.allSatisfy { $0.candidates.allSatisfy(\.isLoopback) }
    }
}
