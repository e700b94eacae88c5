import Glibc
import TestSupport
import Testing
import Wire

@testable import EchoServer
@testable import EventLoops

@Suite struct ConnectionLimitTests {
    private static func withLimit(_ limit: Int, loops: Int = 1, _ body: (TestServer) throws -> Void) throws {
        var configuration = ServerConfiguration.test()
        configuration.maximumConnections = limit
        try withServer(configuration, loops: loops, body)
    }

    @Test(arguments: [1, 2])
    func clientBeyondTheLimit_getsFINAtOnceAndIsClosed(loops: Int) throws {
        try Self.withLimit(2, loops: loops) { server in
            let served = try (0..<2).map { _ in try server.connect() }
            #expect(server.awaitsActive(2))
            #expect(server.status.isFull)
            #expect(server.status.ready)
            let refused = try server.connect()
            refused.send("a\n")
            #expect(refused.readToEnd().isEmpty)
            #expect(refused.end == .finished)
            // It stays open itself: only our time ends it.
            #expect(eventually { server.status.connections.closed[.refused] == 1 })
            #expect(server.status.connections.active == 2)
            for client in served {
                client.send("b\n")
                #expect(client.readText(2) == "B\n")
            }
        }
    }

    @Test func clientBeyondTheLimit_thatFinishes_isClosedWithoutTheLinger() throws {
        try Self.withLimit(1) { server in
            let served = try server.connect()
            #expect(server.awaitsActive(1))
            for count in 1...40 {
                let refused = try server.connect()
                #expect(refused.readToEnd().isEmpty)
                refused.close()
                #expect(eventually { server.status.connections.closed[.refused] == UInt64(count) })
            }
            served.send("b\n")
            #expect(served.readText(2) == "B\n")
        }
    }

    /// More at once than there are places to refuse them in: they wait in the accept queue, and none is reset.
    @Test(arguments: [1, 3])
    func crowdBeyondTheLimit_allGetFIN(loops: Int) throws {
        var configuration = ServerConfiguration.test()
        configuration.maximumConnections = 2
        configuration.refusalsAtATime = 4
        try withServer(configuration, loops: loops) { server in
            let served = try (0..<2).map { _ in try server.connectServed() }
            let crowd = try (0..<60).map { _ in try server.connect() }
            for client in crowd { client.send("nobody hears\n") }
            for client in crowd {
                #expect(client.readToEnd().isEmpty)
                #expect(client.end == .finished)
            }
            #expect(eventually { server.status.connections.closed[.refused] == 60 })
            for client in served {
                client.send("b\n")
                #expect(client.readText(2) == "B\n")
            }
            served[0].close()
            #expect(server.awaitsActive(1))
            _ = try server.connectServed()
        }
    }

    @Test func placeFreed_whenOneEnds_goesToTheNext() throws {
        try Self.withLimit(1) { server in
            for _ in 0..<5 {
                let client = try server.connect()
                client.send("a\n")
                #expect(client.readText(2) == "A\n")
                client.close()
                #expect(server.awaitsNobody())
            }
            #expect(server.status.connections.closed[.refused] == 0)
        }
    }

    /// What epoll does not take (here no socket at all) must not disturb the count of later clients.
    @Test func connectionThatCannotBeWatched_isRefusedAndNobodyElse() throws {
        try Self.withLimit(1) { server in
            let number = open("/dev/null", O_RDWR | O_CLOEXEC)
            try #require(number >= 0)
            let shard = server.server.shards[0]
            let accepted = server.server.lifecycle.accepted
            server.control.post {
                accepted.total.add(1)
                let client = AcceptedSocket(number: number, peer: .unix(path: nil))
                shard.admit([Arrival(id: 1_000, socket: client, local: nil, isRefused: false)])
            }
            #expect(eventually { server.status.connections.closed[.refused] == 1 })
            let client = try server.connect()
            client.send("a\n")
            #expect(client.readText(2) == "A\n")
        }
    }
}
