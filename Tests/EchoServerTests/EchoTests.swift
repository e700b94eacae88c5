import TestSupport
import Testing
import Wire

@testable import EchoServer

/// contract.md, section 2, over real sockets.
@Suite struct EchoTests {
    @Test(arguments: [
        ("hello\n", "HELLO\n"), ("  both ends \t\r\n", "BOTH ENDS\n"), ("\n", "\n"), ("a\n\nb\n", "A\n\nB\n"),
        ("partial", "PARTIAL\n"), ("straße\n", "STRASSE\n"), ("\u{3000}é\u{2009}\n", "É\n"), ("", ""),
        ("a\0b\n", "A\0B\n"),
    ])
    func linesSent_whenPeerHalfCloses_areAnsweredAndFinished(input: String, answer: String) throws {
        try withServer { server in
            let client = try server.connect()
            client.send(input)
            client.finishSending()
            #expect(client.readTextToEnd() == answer)
            #expect(client.end == .finished)
            #expect(server.awaitsNobody())
            #expect(server.status.connections.closed[.peerClosed] == 1)
            #expect(server.status.bytes.received == UInt64(input.utf8.count))
            #expect(server.status.bytes.sent == UInt64(answer.utf8.count))
        }
    }

    @Test(arguments: 1...6)
    func lineSent_whenSplitIntoWrites_isAnsweredTheSame(size: Int) throws {
        try withServer { server in
            let client = try server.connect()
            let input = Array(" straße \nzwei\n\u{2009}é\n".utf8)
            var sent = 0
            while sent < input.count {
                let piece = Array(input[sent..<min(sent + size, input.count)])
                client.send(piece)
                sent += piece.count
                // Each piece is read by itself.
                #expect(eventually { server.status.bytes.received == UInt64(sent) })
            }
            #expect(client.readText(16) == "STRASSE\nZWEI\nÉ\n")
            #expect(eventually { server.status.lines == 3 })
        }
    }

    @Test func manyLinesSent_inOneWrite_areAnsweredInOrder() throws {
        try withServer { server in
            let client = try server.connect()
            let input = (0..<3_000).map { "line \($0)\n" }.joined()
            client.send(input)
            #expect(client.readText(input.utf8.count) == input.uppercased())
            #expect(eventually { server.status.lines == 3_000 })
        }
    }

    @Test func peerHalfClosed_whenMuchWaits_stillGetsEverything() throws {
        try withServer { server in
            let client = try server.connect(receiveBuffer: 4_096)
            let line = Array((String(repeating: "x", count: 999) + "\n").utf8)
            let count = try server.fill(client, with: line)
            #expect(count > 64 << 10)
            client.finishSending()
            let answer = client.readToEnd()
            #expect(client.end == .finished)
            #expect(answer.filter { $0 == UInt8(ascii: "X") }.count == count - count / 1_000)
            #expect(answer.count == count + (count % 1_000 == 0 ? 0 : 1))
            #expect(server.awaitsNobody())
            #expect(server.status.connections.closed[.peerClosed] == 1)
        }
    }

    @Test func bytesSent_inModeVerbatim_comeBackAsTheyWere() throws {
        try withServer(.test(mode: .verbatim)) { server in
            let client = try server.connect()
            let input = (0..<3).flatMap { _ in (UInt8.min...UInt8.max) }
            client.send(input)
            #expect(client.read(input.count) == input)
            let row = try #require(server.page().connections.first)
            #expect(row.lines == 0)
            #expect(row.partialLine == nil)
            #expect(row.mode == .verbatim)
            client.finishSending()
            #expect(client.readToEnd().isEmpty)
            #expect(client.end == .finished)
        }
    }

    @Test func urgentByteSent_isAnsweredInLine() throws {
        try withServer { server in
            let client = try server.connect()
            client.send("before ")
            client.send(Array("!".utf8), flags: 1)  // MSG_OOB
            client.send(" after\n")
            #expect(client.readText(15) == "BEFORE ! AFTER\n")
            client.send("next\n")
            #expect(client.readText(5) == "NEXT\n")
        }
    }

    @Test func peerReset_isCounted() throws {
        try withServer { server in
            let client = try server.connect()
            client.send("a\n")
            #expect(client.readText(2) == "A\n")
            client.reset()
            #expect(server.awaitsNobody())
            #expect(server.status.connections.closed[.resetByPeer] == 1)
        }
    }

    @Test func rowOfOpenConnection_showsItsFigures() throws {
        try withServer { server in
            let client = try server.connect()
            client.send("one\ntw")
            #expect(client.readText(4) == "ONE\n")
            #expect(eventually { server.status.bytes.received == 6 })
            let row = try #require(server.page().connections.first)
            #expect(row.id == 1)
            #expect(row.peer == client.name)
            #expect(try Endpoint(row.local) == server.endpoint())
            #expect(row.state == .open)
            #expect(row.reason == nil)
            #expect(row.blockedOn == nil)
            #expect((row.lines, row.received, row.sent, row.partialLine) == (1, 6, 4, 2))
            #expect((row.unread, row.unacked) == (0, 0))
        }
    }

    /// It must not be computed from the age: with two clocks, the result would differ each time.
    @Test func rowOfOpenConnection_wasOpenedAtOneInstant() throws {
        try withServer { server in
            let client = try server.connectServed()
            let instants = try (0..<20).map { _ in
                try #require(server.page().connections.first).openedAt
            }
            #expect(Set(instants).count == 1)
            client.close()
        }
    }
}
