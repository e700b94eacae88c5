import Basics
import EchoCore
import EventLoops
import Glibc
import TestSupport
import Testing
import Threads
import Wire

@testable import EchoServer

/// `--listen unix:PATH`
@Suite struct UnixSocketTests {
    private static func withUnixServer(
        linger: Duration = .milliseconds(200), _ body: (TestServer, _ path: String) throws -> Void
    ) throws {
        let path = temporarySocketPath("server")
        defer { removeFile(path) }
        var configuration = ServerConfiguration.test(acceptLinger: .seconds(5))
        configuration.listeners = [ResolvedAddress(name: path, candidates: [.unix(path: path)])]
        configuration.linger = linger
        try withServer(configuration) { try body($0, path) }
        #expect(access(path, F_OK) != 0)
    }

    @Test func lines_areAnswered() throws {
        try Self.withUnixServer { server, path in
            #expect(server.status.listen == ["unix:" + path])
            let client = try server.connect()
            client.send("one\npartial")
            client.finishSending()
            #expect(client.readTextToEnd() == "ONE\nPARTIAL\n")
            #expect(client.end == .finished)
            #expect(server.awaitsNobody())
            #expect(server.closed == [.peerClosed: 1])
        }
    }

    @Test func row_namesTheSocketAndNoPeer() throws {
        try Self.withUnixServer { server, path in
            let client = try server.connect()
            client.send("a\n")
            #expect(client.readText(2) == "A\n")
            let row = try #require(server.page(ConnectionQuery(peer: PeerPattern("unix"))).connections.first)
            #expect(row.peer == "unix")
            #expect(row.local == "unix:" + path)
            #expect(row.unacked == 0)
        }
    }

    @Test func file_mayBeUsedByOwnerAndGroup() throws {
        try Self.withUnixServer { _, path in
            var status = stat()
            #expect(lstat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o660)
        }
    }

    /// No accept linger: the listeners close exactly.
    @Test func drain_finishesAtOnceAndRemovesTheFile() throws {
        try Self.withUnixServer(linger: .seconds(60)) { server, path in
            let client = try server.connectServed()
            let start = monotonicNanoseconds()
            server.drain(timeout: .seconds(60))
            #expect(client.readToEnd().isEmpty)
            #expect(client.end == .finished)
            client.send("late")
            #expect(eventually { server.status.bytes.received == 10 })
            client.close()
            let drain = try server.drained()
            #expect(monotonicNanoseconds() - start < 5_000_000_000)
            #expect(drain[.lateDiscarded] == 4)
            #expect(drain.acceptQueue == .lossless)
            #expect(drain.result == .clean)
            #expect(access(path, F_OK) != 0)
        }
    }

    @Test func clientInTheQueue_isServed() throws {
        try Self.withUnixServer { server, path in
            let goOn = server.block(server.control)
            server.drain()
            let client = try server.connect()
            client.send("a\n")
            goOn.open()
            #expect(client.readTextToEnd() == "A\n")
            #expect(client.end == .finished)
            client.close()
            let drain = try server.drained()
            #expect(drain[.fromBacklog] == 1)
            #expect(drain.result == .clean)
            #expect(throws: SocketError.self) { try TestClient(.unix(path: path)) }
        }
    }

    /// What is written is with the peer's kernel: nothing of it is lost.
    @Test func deafPeer_atTheDeadline_losesWhatWasNotWritten() throws {
        try Self.withUnixServer { server, _ in
            let client = try server.connect()
            var sent = 0
            var stuck: ConnectionInfo?
            while stuck == nil {
                // Rows, unlike samples of the status, are always of a turn of the loop.
                let before = try server.page().connections.first
                client.sendUntilBlocked([0x0a], sent: &sent)
                let row = try server.page().connections.first
                if let row, row.received == before?.received, row.received > row.sent { stuck = row }
            }
            let before = try #require(stuck)
            server.drain(timeout: .milliseconds(500))
            let drain = try server.drained()
            #expect(drain[.lostSent] == before.received - before.sent)
            #expect(drain[.lostReceived] == UInt64(before.unread))
            #expect(drain.result == .lost)
            #expect(server.closed == [.forced: 1])
        }
    }
}
