import EchoCore
import EventLoops
import Glibc
import TestSupport
import Testing
import Threads
import Wire

@testable import EchoServer

/// Which clients get in while the listeners close, and when each connection's turn to be closed comes.
@Suite struct DrainListenersTests {
    /// Its handshake was complete before new ones were refused.
    @Test func clientInTheQueue_isServedAndCounted() throws {
        try withServer(.test(acceptLinger: .milliseconds(300))) { server in
            let goOn = server.block(server.control)
            server.drain()
            let clients = try (0..<5).map { _ in try server.connect() }
            for client in clients { client.send("a\n") }
            goOn.open()
            for client in clients {
                #expect(client.readTextToEnd() == "A\n")
                #expect(client.end == .finished)
                client.close()
            }
            let drain = try server.drained()
            #expect(drain[.fromBacklog] == 5)
            #expect(drain.acceptQueue == .lossless)
            #expect(drain.result == .clean)
            #expect(server.closed == [.drained: 5])
        }
    }

    /// Not before one accept linger after it was accepted, so that its first line can arrive.
    @Test func clientWithoutAByte_getsAnAcceptLingerOfItsOwn() throws {
        try withServer(.test(acceptLinger: .milliseconds(300))) { server in
            let goOn = server.block(server.control)
            server.drain()
            let client = try server.connect()
            #expect(remains(200) { true })
            let accepted = monotonicNanoseconds()
            goOn.open()
            #expect(client.readToEnd().isEmpty)
            #expect(client.end == .finished)
            #expect(monotonicNanoseconds() - accepted >= 300_000_000)
        }
    }

    @Test func laterClients_areRefusedAtOnce() throws {
        try withServer(.test(acceptLinger: .milliseconds(300))) { server in
            let served = try server.connectServed()
            let endpoint = try server.endpoint()
            server.drain()
            server.goRound(server.control)
            while server.status.state == .draining {
                let error = #expect(throws: SocketError.self) { try TestClient(endpoint) }
                #expect(error?.code == ECONNREFUSED)
                served.close()
            }
            #expect(server.status.state == .drained)
            #expect(server.status.connections.accepted == 1)
        }
    }

    @Test func duringTheAcceptLinger_echoGoesOnAsUsual() throws {
        try withServer(.test(acceptLinger: .seconds(2))) { server in
            let client = try server.connectServed()
            server.drain()
            server.goRound(server.control)
            client.send("a\n")
            #expect(client.readText(2) == "A\n")
            client.send("b\n")
            #expect(client.readTextToEnd() == "B\n")
            #expect(client.end == .finished)
        }
    }

    @Test func lameDuck_staysOpenAndAccepts() throws {
        try withServer { server in
            let old = try server.connectServed()
            let reply = server.drain(delay: .seconds(2), timeout: .seconds(10))
            #expect(reply.status.state == .lameDuck)
            #expect(!server.status.ready)
            let new = try server.connectServed()
            #expect(server.status.state == .lameDuck)
            for client in [old, new] {
                #expect(client.readToEnd().isEmpty)
                client.close()
            }
            #expect(try server.drained().result == .clean)
        }
    }

    @Test func drainWithoutConnections_isOverAfterTheAcceptLinger() throws {
        try withServer(.test(acceptLinger: .milliseconds(100))) { server in
            let start = monotonicNanoseconds()
            server.drain()
            let drain = try server.drained()
            #expect(monotonicNanoseconds() - start >= 100_000_000)
            #expect((drain[.closed], drain[.atMark]) == (0, 0))
            #expect(drain.result == .clean)
        }
    }

    @Test func spread_marksOneAfterTheOther() throws {
        var configuration = ServerConfiguration.test()
        configuration.drain.spread = .seconds(2)
        try withServer(configuration, loops: 2) { server in
            let clients = try (0..<30).map { _ in try server.connectServed() }
            server.drain()
            #expect(server.awaitsMark())
            #expect((try server.sample().drain?.blockedOn[.spreadTurn] ?? 0) > 0)
            var times: [Int64] = []
            var isOpen = Set(clients.indices)
            #expect(
                eventually {
                    for index in isOpen where clients[index].hasSomething {
                        times.append(monotonicNanoseconds())
                        isOpen.remove(index)
                        clients[index].close()
                    }
                    return isOpen.isEmpty
                })
            // Thirty uniform times within 2 s lie within 200 ms of each other once in 10^27 runs.
            #expect(try #require(times.max()) - #require(times.min()) > 200_000_000)
            let drain = try server.drained()
            #expect((drain[.atMark], drain[.closed]) == (30, 30))
            #expect(drain.result == .clean)
        }
    }

    @Test func spreadTurn_untilItComes_echoGoesOn() throws {
        var configuration = ServerConfiguration.test()
        configuration.drain.spread = .seconds(60)
        try withServer(configuration) { server in
            let clients = try (0..<20).map { _ in try server.connectServed() }
            server.drain()
            #expect(server.awaitsMark())
            let waiting = try server.page().connections.filter { $0.blockedOn == .spreadTurn }
            #expect(!waiting.isEmpty)
            for client in clients where waiting.contains(where: { $0.peer == client.name }) {
                client.send("a\n")
                #expect(client.readText(2) == "A\n" || client.end == .finished)
            }
        }
    }

    @Test func modeWait_echoesUntilThePeerEnds() throws {
        try withServer { server in
            let client = try server.connectServed()
            server.drain(mode: .wait)
            server.goRound(server.control)
            #expect(throws: SocketError.self) { try server.connect() }
            #expect(remains(100) { !client.hasSomething })
            client.send("a\n")
            #expect(client.readText(2) == "A\n")
            client.finishSending()
            #expect(client.readToEnd().isEmpty)
            #expect(try server.drained().result == .clean)
            #expect(server.closed == [.peerClosed: 1])
        }
    }

    /// It becomes close at T - R/4.
    @Test func modeWait_beforeTheDeadline_becomesClose() throws {
        try withServer { server in
            let client = try server.connectServed()
            let start = monotonicNanoseconds()
            server.drain(mode: .wait, timeout: .milliseconds(1_200))
            #expect(client.readToEnd().isEmpty)
            #expect(client.end == .finished)
            #expect(monotonicNanoseconds() - start >= 900_000_000)
            client.close()
            let drain = try server.drained()
            #expect(drain.mode == .close)
            #expect(drain.result == .clean)
        }
    }
}
