import EchoCore
import TestSupport
import Testing
import Wire

@testable import EchoServer

/// `--close-timeout`: every close that the server decides on ends (contract.md, section 1).
@Suite struct CloseTimeoutTests {
    private static func configuration(_ timeout: Duration, idle: Duration? = nil) -> ServerConfiguration {
        var configuration = ServerConfiguration.test()
        configuration.closeTimeout = timeout
        configuration.idleTimeout = idle
        return configuration
    }

    enum Cause: CaseIterable {
        case idle, idleAndHalfClosed, badLine, admin
    }

    @Test(arguments: Cause.allCases)
    func clientThatDoesNotRead_isCut_andLossesCount(cause: Cause) throws {
        let idle: Duration? = cause == .idle || cause == .idleAndHalfClosed ? .milliseconds(300) : nil
        try withServer(Self.configuration(.milliseconds(300), idle: idle)) { server in
            let start = monotonicNanoseconds()
            let client = try server.connect(receiveBuffer: 4_096)
            // More answers than the client's kernel takes.
            client.send([UInt8](repeating: 0x0a, count: 100_000))
            #expect(eventually { server.status.bytes.received == 100_000 })
            switch cause {
            case .idle: break
            case .idleAndHalfClosed: client.finishSending()
            case .badLine: client.send([0xff, 0x0a])
            case .admin: server.server.closeConnection(id: 1, mode: .close) { _ in }
            }
            #expect(server.awaitsNobody())
            #expect(monotonicNanoseconds() - start >= 300_000_000)
            #expect(server.closed == [.writeStalled: 1])
            #expect(server.server.measure().counts[.lostSent] > 0)
            #expect(client.readToEnd().count < 100_000)
        }
    }

    @Test func clientThatReadsSlowly_hasSixPeriods() throws {
        try withServer(Self.configuration(.milliseconds(200))) { server in
            let client = try server.connect(receiveBuffer: 4_096)
            _ = try server.fill(client, with: [0x0a])
            server.server.closeConnection(id: 1, mode: .close) { _ in }
            let start = monotonicNanoseconds()
            while server.status.connections.active == 1 {
                _ = client.read(16_384)
                #expect(remains(40) { true })
                // Well before the answers end.
                guard monotonicNanoseconds() - start < 8_000_000_000 else { break }
            }
            #expect(monotonicNanoseconds() - start >= 1_200_000_000)
            #expect(server.closed == [.writeStalled: 1])
        }
    }

    @Test func clientThatReadsAll_endsAsUsual() throws {
        try withServer(Self.configuration(.seconds(5))) { server in
            let client = try server.connect(receiveBuffer: 4_096)
            let count = try server.fill(client, with: [0x0a])
            server.server.closeConnection(id: 1, mode: .close) { _ in }
            #expect(client.readToEnd().count == count)
            client.close()
            #expect(server.awaitsNobody())
            #expect(server.closed == [.adminClosed: 1])
        }
    }

    /// Only its own write timeout bounds a client that has sent its FIN and reads slowly.
    @Test func halfClosedClient_hasAllTheTimeItNeeds() throws {
        try withServer(Self.configuration(.milliseconds(100))) { server in
            let client = try server.connect(receiveBuffer: 4_096)
            let count = try server.fill(client, with: [0x0a])
            client.finishSending()
            #expect(remains(500) { server.status.connections.active == 1 })
            #expect(client.readToEnd().count == count)
            #expect(server.awaitsNobody())
            #expect(server.closed == [.peerClosed: 1])
        }
    }

    @Test func inADrain_onlyItsDeadlineCounts() throws {
        try withServer(Self.configuration(.milliseconds(200))) { server in
            let client = try server.connect(receiveBuffer: 4_096)
            let count = try server.fill(client, with: [0x0a])
            server.server.closeConnection(id: 1, mode: .close) { _ in }
            server.drain(timeout: .seconds(20))
            #expect(remains(700) { server.status.connections.active == 1 })
            #expect(client.readToEnd().count == count)
            client.close()
            #expect(try server.drained().result == .clean)
            #expect(server.closed == [.adminClosed: 1])
        }
    }

    /// The mark sent the FIN behind answers that the client does not read; the undrain takes the deadline away.
    @Test func afterAnUndrain_theCloseTimeoutTakesTheDeadlinesPlace() throws {
        try withServer(Self.configuration(.milliseconds(300))) { server in
            let client = try server.connect(receiveBuffer: 4_096)
            client.send([UInt8](repeating: 0x0a, count: 100_000))
            #expect(eventually { server.status.bytes.sent == 100_000 })
            server.drain(timeout: .seconds(20))
            #expect(eventually { (try? server.page())?.connections.first?.blockedOn == .peerRead })
            #expect(server.awaitsMark())
            server.server.requestUndrain { _, _ in }
            #expect(server.awaits(.serving))
            #expect(server.awaitsNobody())
            #expect(server.closed == [.writeStalled: 1])
            _ = consume client
        }
    }
}
