import Admin
import Basics
import EchoCore
import EchoServer
import EventLoops
import Logging
import MicroHTTPD
import Threads

/// The HTTP servers of the admin plane, one for each address.
final class AdminPlane: Sendable {
    private let servers: [HTTPServer]
    private let files: [UnixSocketFile]
    let addresses: [String]

    /// Binds and serves. An address that cannot be bound is an error for a person; then nothing is left open.
    init(
        _ listeners: [ResolvedAddress], service: any ServiceControl, configuration: AdminConfiguration,
        process: @escaping @Sendable () -> ProcessMeasurements?, share: DescriptorBudget.AdminShare, log: Logger
    ) throws {
        var servers: [HTTPServer] = []
        var files: [UnixSocketFile] = []
        var addresses: [String] = []
        let router = Router(service: service, configuration: configuration, process: process)
        do {
            for listener in listeners {
                for socket in try Self.bind(listener) {
                    addresses.append(socket.address.description)
                    if case .unix(let path?) = socket.address { files.append(try UnixSocketFile(path)) }
                    servers.append(try Self.serve(socket, router, share, log))
                }
            }
        } catch {
            for server in servers { server.stop(grace: .zero) }
            for file in files { file.remove() }
            throw error
        }
        self.servers = servers
        self.files = files
        self.addresses = addresses
    }

    /// Serves until every answer in flight has left, at most half a second, then closes. Blocks.
    func stop() {
        // One grace period for all servers: one each, in sequence, would outlast the exit's 1.4 s.
        let end = MonotonicTime.now.nanoseconds + 500_000_000
        for server in servers { server.stop(grace: .nanoseconds(max(0, end - MonotonicTime.now.nanoseconds))) }
        removeFiles()
    }

    func removeFiles() {
        for file in files { file.remove() }
    }

    private static func serve(
        _ socket: BoundSocket, _ router: Router, _ share: DescriptorBudget.AdminShare, _ log: Logger
    ) throws -> HTTPServer {
        var configuration = HTTPServerConfiguration { message in
            log.warning("admin: \(message)")
        }
        configuration.connectionLimit = share.connections
        configuration.lingeringLimit = share.lingering
        configuration.headroom = min(configuration.headroom, share.connections / 4)
        return try HTTPServer(
            listeningSocket: socket.number, configuration: configuration, handler: { router.reply(to: $0) },
            rejection: { router.rejection(status: $0.status, detail: $0.detail, path: $1) })
    }

    /// A listening socket whose number is about to get an owner.
    private struct BoundSocket {
        let number: Int32
        let address: SocketAddress
    }

    private static func bind(_ listener: ResolvedAddress) throws -> [BoundSocket] {
        try listener.bindAll(option: "--admin") { (address) throws(SystemCallError) in
            let socket = try listen(address)
            let chosen = socket.address
            return (BoundSocket(number: socket.release(), address: chosen), chosen)
        }
    }

    private static func listen(_ address: SocketAddress) throws(SystemCallError) -> ListeningSocket {
        guard case .unix(let path?) = address else { return try ListeningSocket(address) }
        return try UnixSocketFile.listen(at: path, mode: 0o600)
    }
}
