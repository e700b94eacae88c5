import EventLoops
import TestSupport
import Testing
import Threads
import Wire

@testable import EchoServer

/// What happens at T, and in mode abort.
@Suite struct DrainDeadlineTests {
    /// Client and server together know where each byte is: what the client can still read was acknowledged, what the
    /// server has answered beyond that is lost_sent, what it had not read at the mark is lost_received.
    @Test(arguments: [EchoMode.upper, .verbatim])
    func deafPeer_isForcedAndItsLossesAreExact(mode: EchoMode) throws {
        try withServer(.test(mode: mode)) { server in
            let client = try server.connect(receiveBuffer: 4_096)
            let count = try server.fill(client, with: [0x0a])
            let before = try server.sample().bytes
            #expect(Int(before.received + before.unread) == count)
            server.drain(timeout: .milliseconds(500))
            let drain = try server.drained()
            let taken = client.readToEnd()
            #expect(client.end == .reset)
            #expect(Int(drain[.lostReceived]) == Int(before.unread))
            #expect(Int(drain[.lostSent]) == Int(before.received) - taken.count)
            #expect(drain[.incomplete] == 0)
            #expect(drain.result == .lost)
            #expect(server.status.exitCode == 3)
            #expect(server.closed == [.forced: 1])
            // What was lost was still read and counted.
            #expect(Int(server.status.bytes.received) == count)
        }
    }

    @Test func deafPeer_withAnUnfinishedLine_losesCompleteLinesOnly() throws {
        try withServer { server in
            let client = try server.connect(receiveBuffer: 4_096)
            let whole = try server.fill(client, with: Array("123456789\n".utf8))
            client.send("unfinished")
            #expect(eventually { client.unacknowledged == 0 })
            let before = Int(server.status.bytes.received)
            let partial = try #require(server.page().connections.first?.partialLine)
            server.drain(timeout: .milliseconds(500))
            let drain = try server.drained()
            let taken = client.readToEnd().count
            #expect(Int(drain[.lostSent]) == before - partial - taken)
            #expect(Int(drain[.lostReceived]) == whole - (before - partial))
            #expect(drain[.incomplete] == 10)
            #expect(drain.result == .lost)
        }
    }

    @Test func unfinishedLine_isForcedAndIncomplete() throws {
        try withServer { server in
            let client = try server.connectServed()
            client.send("abc")
            #expect(eventually { server.status.bytes.received == 9 })
            server.drain(timeout: .milliseconds(300))
            let drain = try server.drained()
            #expect((drain[.incomplete], drain[.lostReceived], drain[.lostSent]) == (3, 0, 0))
            #expect(drain.result == .forced)
            #expect(server.status.exitCode == 2)
            #expect(server.closed == [.forced: 1])
            #expect(client.readToEnd().isEmpty)
            #expect(client.end == .reset)
        }
    }

    @Test func peerThatLingers_isDrainedAtTheDeadline() throws {
        var configuration = ServerConfiguration.test()
        configuration.linger = .seconds(60)
        try withServer(configuration) { server in
            let client = try server.connectServed()
            server.drain(timeout: .milliseconds(300))
            let drain = try server.drained()
            #expect(drain.result == .clean)
            #expect(server.closed == [.drained: 1])
            #expect(client.readToEnd().isEmpty)
            #expect(client.end == .finished)
        }
    }

    @Test func abort_resetsEveryConnection() throws {
        try withServer(loops: 2) { server in
            let clients = try (0..<6).map { _ in try server.connectServed() }
            let start = monotonicNanoseconds()
            server.drain(mode: .abort, delay: .seconds(5), timeout: .seconds(60))
            #expect(try server.drained().result == .forced)
            #expect(monotonicNanoseconds() - start < 5_000_000_000)
            for client in clients {
                #expect(client.readToEnd().isEmpty)
                #expect(client.end == .reset)
            }
            #expect(server.closed == [.forced: 6])
            #expect(throws: SocketError.self) { try server.connect() }
        }
    }

    /// Accepted before the abort, and not yet begun on its loop when that takes place.
    @Test func abort_whenClientIsOnItsWay_resetsItToo() throws {
        try withServer { server in
            let goOn = server.block(server.loops[0])
            let client = try server.connect()
            #expect(server.awaitsActive(1))
            server.drain(mode: .abort)
            server.goRound(server.control)
            goOn.open()
            #expect(try server.drained().result == .forced)
            #expect(server.closed == [.forced: 1])
            #expect(client.readToEnd().isEmpty)
            #expect(client.end == .reset)
        }
    }
}
