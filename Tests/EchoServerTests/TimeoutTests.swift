import TestSupport
import Testing
import Wire

@testable import EchoServer

/// Idle and write timeouts, and the linger after our FIN.
@Suite struct TimeoutTests {
    private static let timeout: Int64 = 400_000_000

    /// For tests whose client must do something in time.
    private static let longTimeout: Int64 = 2_000_000_000

    private static func configuration(
        idle: Bool = false, write: Bool = false, timeout: Int64 = timeout
    ) -> ServerConfiguration {
        var configuration = ServerConfiguration.test()
        configuration.idleTimeout = idle ? .nanoseconds(timeout) : nil
        configuration.writeTimeout = write ? .nanoseconds(timeout) : nil
        return configuration
    }

    @Test func idleTimeout_whenPeerSaysNothing_endsAndNotBefore() throws {
        try withServer(Self.configuration(idle: true)) { server in
            let start = monotonicNanoseconds()
            let client = try server.connect()
            #expect(client.readToEnd().isEmpty)
            #expect(client.end == .finished)
            #expect(monotonicNanoseconds() - start >= Self.timeout)
            client.close()
            #expect(server.awaitsNobody())
            #expect(server.status.connections.closed[.idle] == 1)
        }
    }

    @Test func idleTimeout_whenTrafficComes_startsAnew() throws {
        try withServer(Self.configuration(idle: true, timeout: Self.longTimeout)) { server in
            let client = try server.connect()
            #expect(remains(500) { !client.hasSomething })
            let start = monotonicNanoseconds()
            client.send("a\n")
            #expect(client.readText(2) == "A\n")
            #expect(client.readToEnd().isEmpty)
            #expect(client.end == .finished)
            #expect(monotonicNanoseconds() - start >= Self.longTimeout)
        }
    }

    @Test func idleTimeout_whenLineIsUnfinished_endsAllTheSame() throws {
        try withServer(Self.configuration(idle: true, timeout: Self.longTimeout)) { server in
            let client = try server.connect()
            client.send("a\nunfinished")
            #expect(client.readTextToEnd() == "A\n")
            #expect(client.end == .finished)
            client.close()
            #expect(server.awaitsNobody())
            #expect(server.status.connections.closed[.idle] == 1)
        }
    }

    /// Bytes that the peer's kernel acknowledges are a sign of life, also when nothing is received.
    @Test(arguments: [false, true])
    func idleTimeout_whenPeerTakesBytes_doesNotCome(withWriteTimeout: Bool) throws {
        try withServer(Self.configuration(idle: true, write: withWriteTimeout, timeout: Self.longTimeout)) { server in
            let (client, count) = try Self.clientWithAnswersWaiting(server)
            var taken = 0
            while true {
                taken += client.read(8_192).count
                #expect(remains(60) { true })
                let row = try #require(server.page().connections.first)
                if row.unacked == 0 { break }
                #expect(row.state == .open)
            }
            #expect(client.read(count - taken).count == count - taken)
        }
    }

    @Test func idleTimeout_whenAllWasTakenLate_countsFromThen() throws {
        try withServer(Self.configuration(idle: true, timeout: Self.longTimeout)) { server in
            let (client, count) = try Self.clientWithAnswersWaiting(server)
            #expect(remains(1_000) { true })
            let start = monotonicNanoseconds()
            #expect(client.read(count).count == count)
            #expect(client.readToEnd().isEmpty)
            #expect(monotonicNanoseconds() - start >= Self.longTimeout)
        }
    }

    /// A client whose answers are all written by the server and not all taken by it.
    private static func clientWithAnswersWaiting(_ server: TestServer) throws -> (TestClient, count: Int) {
        let client = try server.connect(receiveBuffer: 32_768)
        let count = 400_000
        client.send([UInt8](repeating: 0x0a, count: count))
        #expect(eventually { server.status.bytes.sent == UInt64(count) })
        #expect(try server.sample().bytes.unacked > 0)
        return (client, count)
    }

    @Test func writeTimeout_whenPeerTakesNothing_resetsAndCounts() throws {
        try withServer(Self.configuration(write: true)) { server in
            let client = try server.connect(receiveBuffer: 4_096)
            let start = monotonicNanoseconds()
            var sent = 0
            client.sendUntilBlocked([0x0a], sent: &sent)
            #expect(server.awaitsNobody())
            #expect(monotonicNanoseconds() - start >= Self.timeout)
            #expect(server.status.connections.closed[.writeStalled] == 1)
            let taken = client.readToEnd()
            #expect(client.end == .reset)
            #expect(taken.count < sent)
        }
    }

    @Test func writeTimeout_whenPeerTakesBytes_doesNotCome() throws {
        try withServer(Self.configuration(write: true, timeout: Self.longTimeout)) { server in
            let (client, count) = try Self.clientWithAnswersWaiting(server)
            for _ in 0..<40 {
                #expect(client.read(8_192).count == 8_192)
                #expect(remains(60) { true })
            }
            #expect(client.read(count - 40 * 8_192).count == count - 40 * 8_192)
            #expect(server.status.connections.active == 1)
        }
    }

    @Test func writeTimeout_whenNothingWaits_doesNotCome() throws {
        try withServer(Self.configuration(write: true)) { server in
            let client = try server.connect()
            client.send("a\n")
            #expect(client.readText(2) == "A\n")
            #expect(remains(600) { !client.hasSomething })
            client.send("b\n")
            #expect(client.readText(2) == "B\n")
        }
    }

    @Test func linger_whenPeerFinishes_endsAtOnce() throws {
        var configuration = ServerConfiguration.test()
        configuration.linger = .seconds(60)
        try withServer(configuration) { server in
            let client = try server.connect()
            client.send([0xff, 0x0a])
            #expect(client.readToEnd().isEmpty)
            client.finishSending()
            #expect(server.awaitsNobody())
            #expect(server.status.connections.closed[.invalidUTF8] == 1)
        }
    }

    @Test func linger_whenPeerStays_endsAfterItsTime() throws {
        try withServer { server in
            let client = try server.connect()
            client.send([0xff, 0x0a])
            let start = monotonicNanoseconds()
            #expect(client.readToEnd().isEmpty)
            #expect(server.awaitsNobody())
            #expect(monotonicNanoseconds() - start >= 200_000_000)
            #expect(server.status.connections.closed[.invalidUTF8] == 1)
        }
    }
}
