import EchoCore
import EventLoops
import TestSupport
import Testing
import Threads
import Wire

@testable import EchoServer

/// The admin plane is answered within a second or so, whatever a loop does.
@Suite struct StuckLoopTests {
    @Test func connectionsAreAsked_whenOneLoopIsStuck_areUnknownAndTheStatusIsNot() throws {
        try withServer(loops: 2) { server in
            let clients = try (0..<4).map { _ in try server.connectServed() }
            let goOn = server.block(server.loops[1])
            defer { goOn.open() }
            let page: ConnectionPage.Maker? = try server.answer { server.server.connections(ConnectionQuery(), $0) }
            #expect(page?() == nil)
            let status: ServiceStatus = try server.answer { server.server.sampleStatus($0) }
            #expect(status.connections.active == clients.count)
            let lookups: [ConnectionLookup] = try (1...4).map { id in
                try server.answer { server.server.connection(id: id, $0) }
            }
            // Connections on the other loop are still found.
            #expect(lookups.filter { $0 == .noAnswer }.count == 2)
            #expect(!lookups.contains(.notFound))
        }
    }

    @Test func isStuck_whenLoopsTurn_isFalse() throws {
        try withServer(loops: 2) { server in
            for _ in 0..<100 {
                #expect(!server.server.isStuck())
                server.goRound(server.loops[0])
            }
            let goOn = server.block(server.loops[1])
            #expect(!server.server.isStuck())
            #expect(remains(600) { !server.server.isStuck() })
            goOn.open()
            server.goRound(server.loops[1])
            #expect(!server.server.isStuck())
        }
    }

    @Test func otherLoop_whenOneIsStuck_servesOn() throws {
        try withServer(loops: 2) { server in
            let clients = try (0..<2).map { _ in try server.connectServed() }
            let rows = try server.page().connections
            #expect(rows.map(\.id) == [1, 2])
            let goOn = server.block(server.loops[0])
            for client in clients { client.send("a\n") }
            #expect(eventually { clients.contains { $0.hasSomething } })
            #expect(clients.filter(\.hasSomething).count == 1)
            goOn.open()
            for client in clients { #expect(client.readText(2) == "A\n") }
        }
    }
}
