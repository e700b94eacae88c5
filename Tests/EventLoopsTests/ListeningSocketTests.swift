import Basics
import Glibc
import TestSupport
import Testing

@testable import EventLoops

@Suite struct ListeningSocketTests {
    private static let loopback = SocketAddress.ipv4(0x7f00_0001, port: 0)

    private static func endpoint(_ listener: borrowing ListeningSocket) throws -> Endpoint {
        try #require(Endpoint(listener.address.description))
    }

    /// The next of the queue.
    private static func accept(_ listener: borrowing ListeningSocket) throws -> Accepted {
        guard case .accepted(let client) = listener.accept() else { throw SocketError("accept") }
        return Accepted(client)
    }

    private final class Accepted {
        let socket: Socket
        let peer: SocketAddress

        init(_ accepted: AcceptedSocket) {
            socket = Socket(owning: accepted.number)
            peer = accepted.peer
        }
    }

    @Test func acceptedSocket_hasInheritedTheOptions() throws {
        let listener = try ListeningSocket(Self.loopback)
        let client = try TestClient(Self.endpoint(listener))
        let accepted = try Self.accept(listener)
        #expect(accepted.peer.description == client.name)
        let tcp = Int32(IPPROTO_TCP)
        #expect(try accepted.socket.option(tcp, TCP_NODELAY) == 1)
        #expect(try accepted.socket.option(SOL_SOCKET, SO_KEEPALIVE) == 1)
        #expect(try accepted.socket.option(tcp, TCP_KEEPIDLE) == 15)
        #expect(try accepted.socket.option(tcp, TCP_KEEPINTVL) == 5)
        #expect(try accepted.socket.option(tcp, TCP_KEEPCNT) == 3)
        #expect(try accepted.socket.option(SOL_SOCKET, SO_OOBINLINE) == 1)
        // TCP_USER_TIMEOUT would end a living peer that merely does not read.
        #expect(try accepted.socket.option(tcp, TCP_USER_TIMEOUT) == 0)
        #expect(fcntl(accepted.socket.number, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(accepted.socket.number, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(listener.number, F_GETFD) & FD_CLOEXEC != 0)
    }

    /// Nor is a client ever in its queue, to be reset when it is closed.
    @Test func boundSocket_refusesClientsUntilItListens() throws {
        let listener = try ListeningSocket(binding: Self.loopback)
        let endpoint = try Self.endpoint(listener)
        let error = #expect(throws: SocketError.self) { try TestClient(endpoint) }
        #expect(error?.code == ECONNREFUSED)
        try listener.listen()
        _ = try TestClient(endpoint)
    }

    @Test func secondListener_onTheSamePort_fails() throws {
        let listener = try ListeningSocket(Self.loopback)
        let address = listener.address
        let error = #expect(throws: SystemCallError.self) { _ = try ListeningSocket(address) }
        #expect(error?.isAddressInUse == true)
        #expect(error?.call == "bind")
    }

    @Test func emptyQueue_wouldBlock() throws {
        let listener = try ListeningSocket(Self.loopback)
        guard case .wouldBlock = listener.accept() else {
            Issue.record("nobody has connected")
            return
        }
    }

    @Test func refuseNewClients_keepsTheQueuedAndRefusesTheLater() throws {
        let listener = try ListeningSocket(Self.loopback)
        let endpoint = try Self.endpoint(listener)
        let queued = try (0..<5).map { _ in try TestClient(endpoint) }
        try listener.refuseNewClients()
        for _ in 0..<5 {
            let error = #expect(throws: SocketError.self) { try TestClient(endpoint) }
            #expect(error?.code == ECONNREFUSED)
        }
        for client in queued {
            let accepted = try Self.accept(listener)
            #expect(accepted.peer.description == client.name)
            #expect(accepted.socket.send([0x61]) == .bytes(1))
            #expect(client.read(1) == [0x61])
        }
    }

    @Test func dualStackListener_takesBothFamilies() throws {
        let listener = try ListeningSocket(.anyInterface(port: 0))
        let port = try #require(listener.address.port)
        let old = try TestClient(.ipv4(port: port))
        let accepted = try Self.accept(listener)
        #expect(accepted.peer.description == old.name)
        #expect(try accepted.socket.localAddress().ip == .v4(0x7f00_0001))
        let new = try TestClient(.ipv6(port: port))
        #expect(try Self.accept(listener).peer.isLoopback)
        #expect(new.end == .open)
    }

    @Test func addressOfIPv6_isNotDualStack() throws {
        let listener = try ListeningSocket(.ipv6(high: 0, low: 1, port: 0, scope: 0))
        let port = try #require(listener.address.port)
        #expect(throws: SocketError.self) { try TestClient(.ipv4(port: port)) }
        #expect(try TestClient(.ipv6(port: port)).end == .open)
    }

    // MARK: Unix

    @Test func unixListener_afterShutdown_servesTheQueuedAndRefusesTheLater() throws {
        let path = temporarySocketPath("queue")
        defer { removeFile(path) }
        let listener = try UnixSocketFile.listen(at: path, mode: 0o600)
        let queued = try TestClient(.unix(path: path))
        listener.shutdownReading()
        let error = #expect(throws: SocketError.self) { try TestClient(.unix(path: path)) }
        #expect(error?.code == ECONNREFUSED)
        let accepted = try Self.accept(listener)
        #expect(accepted.peer == .unix(path: nil))
        #expect(accepted.socket.send([0x61]) == .bytes(1))
        #expect(queued.read(1) == [0x61])
        if case .accepted = listener.accept() { Issue.record("there was one client in the queue") }
    }

    @Test(arguments: [0o600, 0o660] as [UInt32])
    func unixFile_hasItsMode(mode: UInt32) throws {
        let path = temporarySocketPath("mode")
        defer { removeFile(path) }
        let listener = try UnixSocketFile.listen(at: path, mode: mode)
        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == mode)
        #expect(listener.address == .unix(path: path))
    }

    @Test func staleUnixFile_isReplaced() throws {
        let path = temporarySocketPath("stale")
        defer { removeFile(path) }
        do { _ = try UnixSocketFile.listen(at: path, mode: 0o600) }
        #expect(access(path, F_OK) == 0)
        let listener = try UnixSocketFile.listen(at: path, mode: 0o600)
        #expect(try TestClient(.unix(path: path)).end == .open)
        #expect(listener.address == .unix(path: path))
    }

    @Test func liveUnixFile_isInUse() throws {
        let path = temporarySocketPath("live")
        defer { removeFile(path) }
        let listener = try UnixSocketFile.listen(at: path, mode: 0o600)
        let error = #expect(throws: SystemCallError.self) { _ = try UnixSocketFile.listen(at: path, mode: 0o600) }
        #expect(error?.isAddressInUse == true)
        #expect(try TestClient(.unix(path: path)).end == .open)
        #expect(listener.address == .unix(path: path))
    }

    @Test func fileThatIsNoSocket_isLeftAlone() throws {
        let path = temporarySocketPath("plain")
        defer { removeFile(path) }
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        let error = #expect(throws: SystemCallError.self) { _ = try UnixSocketFile.listen(at: path, mode: 0o600) }
        #expect(error?.code == EEXIST)
        #expect(access(path, F_OK) == 0)
    }

    @Test func remove_takesAwayOurFileOnly() throws {
        let path = temporarySocketPath("ours")
        defer { removeFile(path) }
        let listener = try UnixSocketFile.listen(at: path, mode: 0o600)
        let file = try UnixSocketFile(path)
        // Another file takes its place; the old one still exists, so that its inode is not used again.
        let kept = path + ".kept"
        defer { removeFile(kept) }
        #expect(rename(path, kept) == 0)
        let other = try UnixSocketFile.listen(at: path, mode: 0o600)
        file.remove()
        #expect(access(path, F_OK) == 0)
        try UnixSocketFile(path).remove()
        #expect(access(path, F_OK) != 0)
        file.remove()
        #expect(listener.address == other.address)
    }
}
