import EchoCore
import TestSupport
import Testing
import Wire

@testable import EchoServer

/// Clients that send and do not read.
@Suite struct BackPressureTests {
    /// Answers made and not yet given to the kernel are at most three times the longest line and 64 KiB.
    @Test(arguments: [EchoMode.upper, .verbatim])
    func peerNeverReads_holdsLittleMemoryAndDisturbsNobody(mode: EchoMode) throws {
        try withServer(.test(mode: mode)) { server in
            let deaf = try server.connect(receiveBuffer: 4_096)
            let count = try server.fill(deaf, with: Array("0123456789\n".utf8))
            #expect(count > 0)
            let row = try #require(server.page().connections.first)
            let held = Int(row.received) - Int(row.sent)
            #expect(held > 0)
            #expect(held <= 4 * 65_536 + 65_536)
            #expect(row.unread > 0)
            #expect(row.unacked > 0)
            #expect(row.received < UInt64(count))
            let other = try server.connect()
            other.send("hello\n")
            #expect(other.readText(6).lowercased() == "hello\n")
            // It is not read in the meantime, and goes on where it stopped.
            #expect(try server.connection(row.id)?.received == row.received)
            #expect(deaf.read(count - 11).count == count - 11)
        }
    }

    /// In a drain its row says what the drain counts it under.
    @Test func peerDoesNotRead_isShownOutsideADrain() throws {
        try withServer { server in
            let deaf = try server.connect(receiveBuffer: 4_096)
            let count = try server.fill(deaf, with: [0x0a])
            #expect(try server.connection(1)?.blockedOn == .peerRead)
            #expect(try server.page(ConnectionQuery(blockedOn: .peerRead)).total == 1)
            server.drain(mode: .wait)
            #expect(server.awaitsBlocker(.peerClose))
            #expect(try server.connection(1)?.blockedOn == .peerClose)
            #expect(deaf.read(count).count == count)
        }
    }

    @Test func answersThreeTimesAsLong_whenPeerNeverReads_areBounded() throws {
        var configuration = ServerConfiguration.test()
        configuration.maximumLineLength = 1_000
        try withServer(configuration) { server in
            let deaf = try server.connect(receiveBuffer: 4_096)
            // Each U+0390 of two bytes becomes three code points of two bytes.
            let line = String(repeating: "\u{390}", count: 100) + "\n"
            #expect(try server.fill(deaf, with: Array(line.utf8)) > 0)
            let row = try #require(server.page().connections.first)
            let answers = Int(row.lines) * 601
            #expect(answers - Int(row.sent) > 0)
            #expect(answers - Int(row.sent) <= 65_536 + 4 * 1_000)
            #expect((row.partialLine ?? 0) <= 1_000)
        }
    }

    @Test func sampledStatus_sumsTheKernelsQueues() throws {
        try withServer(loops: 2) { server in
            let clients = try (0..<2).map { _ in try server.connect(receiveBuffer: 4_096) }
            for client in clients { #expect(try server.fill(client, with: [0x0a]) > 0) }
            let status = try server.sample()
            let rows = try server.page().connections
            #expect(status.bytes.unread == UInt64(rows.reduce(0) { $0 + $1.unread }))
            #expect(status.bytes.unacked == UInt64(rows.reduce(0) { $0 + $1.unacked }))
            #expect(status.bytes.unread > 0)
        }
    }
}
