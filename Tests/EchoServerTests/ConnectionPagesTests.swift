import Basics
import EchoCore
import EventLoops
import TestSupport
import Testing
import Threads
import Wire

@testable import EchoServer

/// Pages over several loops, and the sums that must always agree.
@Suite struct ConnectionPagesTests {
    /// Every page from the first to the last.
    private static func allPages(_ server: TestServer, _ query: ConnectionQuery) throws -> [ConnectionInfo] {
        var rows: [ConnectionInfo] = []
        var query = query
        repeat {
            let page = try server.page(query)
            #expect(page.connections.count <= query.limit)
            rows += page.connections
            query.after = page.next
            // A page that is announced has something on it.
            #expect(page.next == nil || !page.connections.isEmpty)
        } while query.after != nil
        return rows
    }

    @Test(arguments: [1, 2, 3])
    func pages_inTheOrderOfIds_showEachConnectionOnce(loops: Int) throws {
        try withServer(loops: loops) { server in
            let clients = try (0..<12).map { _ in try server.connectServed() }
            for limit in [1, 4, 5, 12, 100] {
                let rows = try Self.allPages(server, ConnectionQuery(limit: limit))
                #expect(rows.map(\.id) == Array(1...12))
            }
            #expect(try server.page(ConnectionQuery(limit: 5)).total == 12)
            #expect(try server.page(ConnectionQuery(limit: 5)).next == 5)
            // What fits on one page has no second one.
            #expect(try server.page(ConnectionQuery(limit: 12)).next == nil)
            #expect(try server.page(ConnectionQuery(order: .received, limit: 5)).next == nil)
            #expect(clients.count == 12)
        }
    }

    @Test func filters_chooseByStateAndPeer() throws {
        try withServer(.test(linger: .seconds(60)), loops: 2) { server in
            let open = try server.connectServed()
            let lingering = try server.connectServed()
            lingering.send([0xff, 0x0a])
            #expect(lingering.readToEnd().isEmpty)
            let ended = try server.connectServed()
            let name = ended.name
            ended.close()
            #expect(server.awaitsActive(2))
            #expect(try server.page(ConnectionQuery(state: .open)).connections.map(\.peer) == [open.name])
            #expect(try server.page(ConnectionQuery(peer: PeerPattern(open.name))).connections.map(\.id) == [1])
            #expect(try server.page(ConnectionQuery(state: .closed)).connections.map(\.peer) == [name])
            #expect(try server.page(ConnectionQuery(state: .closed)).connections.first?.reason == .peerClosed)
            #expect(try server.page(ConnectionQuery(state: .halfClosed)).connections.isEmpty)
            #expect(try server.page(ConnectionQuery(peer: PeerPattern("127.0.0.2"))).total == 0)
        }
    }

    @Test func lookup_findsOpenAndClosedOnes() throws {
        try withServer { server in
            let client = try server.connectServed()
            #expect(try server.connection(1)?.state == .open)
            client.close()
            #expect(server.awaitsNobody())
            let row = try #require(try server.connection(1))
            #expect((row.state, row.reason) == (.closed, .peerClosed))
            #expect((row.received, row.sent, row.lines) == (6, 6, 1))
            #expect(try server.connection(2) == nil)
            #expect(try server.connection(0) == nil)
        }
    }

    @Test func closedOnes_ofSeveralLoops_areTheLastThousand() throws {
        try withServer(loops: 2) { server in
            for batch in 0..<14 {
                let clients = try (0..<100).map { _ in try server.connect() }
                #expect(eventually { server.status.connections.accepted == UInt64(batch * 100 + 100) })
                for client in clients { client.close() }
                #expect(server.awaitsNobody())
            }
            let rows = try Self.allPages(server, ConnectionQuery(state: .closed, limit: 300))
            #expect(rows.map(\.id) == Array(401...1_400))
            #expect(try server.page(ConnectionQuery(state: .closed, limit: 7)).total == 1_000)
        }
    }

    /// `accepted` is `active` and the sum of the reasons, at every instant.
    @Test func sums_underChurn_alwaysAgree() throws {
        try withServer(loops: 2) { server in
            let endpoint = try server.endpoint()
            let loops = try (0..<3).map { try EventLoop(name: "churn-\($0)") }
            let running = Lock(loops.count)
            try withRunningLoops(
                loops,
                run: { _ in
                    for round in 0..<150 { Self.visit(endpoint, round) }
                    running.withLock { $0 -= 1 }
                },
                {
                    while running.withLock({ $0 > 0 }) {
                        let connections = server.status.connections
                        let sum = connections.closed.total + UInt64(connections.active)
                        #expect(connections.active >= 0)
                        #expect(sum == connections.accepted)
                    }
                })
            #expect(server.awaitsNobody())
            #expect(server.status.connections.accepted == 450)
        }
    }

    private static func visit(_ endpoint: Endpoint, _ round: Int) {
        guard let client = try? TestClient(endpoint) else { return }
        client.send(round % 3 == 0 ? [0xff, 0x0a] : Array("a\n".utf8))
        _ = client.read(2)
        if round % 5 == 0 { client.reset() } else { client.close() }
    }
}
