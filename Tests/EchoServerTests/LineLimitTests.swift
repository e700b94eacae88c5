import TestSupport
import Testing
import Wire

@testable import EchoServer

/// Lines that end their connection: earlier lines are answered, then FIN and the linger of mode close.
@Suite struct LineLimitTests {
    private static func withLimit(_ limit: Int, _ body: (TestServer) throws -> Void) throws {
        var configuration = ServerConfiguration.test()
        configuration.maximumLineLength = limit
        try withServer(configuration, body)
    }

    @Test func lineSent_asLongAsTheLimit_isAnswered() throws {
        try Self.withLimit(10) { server in
            let client = try server.connect()
            client.send("0123456789\nabcdefghij")
            client.finishSending()
            #expect(client.readTextToEnd() == "0123456789\nABCDEFGHIJ\n")
        }
    }

    @Test(arguments: ["01234567890", "01234567890\n", "01234567890123456789\nlater\n"])
    func lineSent_longerThanTheLimit_endsAfterTheEarlierOnes(line: String) throws {
        try Self.withLimit(10) { server in
            let client = try server.connect()
            client.send("first\nsecond\n" + line)
            #expect(client.readTextToEnd() == "FIRST\nSECOND\n")
            #expect(client.end == .finished)
            client.finishSending()
            #expect(server.awaitsNobody())
            #expect(server.status.connections.closed[.lineTooLong] == 1)
            #expect(server.status.lines == 2)
        }
    }

    @Test func lineGrows_beyondTheDefaultLimit_endsAsSoonAsItIsPassed() throws {
        try withServer { server in
            let client = try server.connect()
            client.send([UInt8](repeating: 0x61, count: 65_536))
            #expect(eventually { server.status.bytes.received == 65_536 })
            #expect(!client.hasSomething)
            client.send("a")
            #expect(client.readToEnd().isEmpty)
            #expect(client.end == .finished)
        }
    }

    @Test func invalidLineSent_withoutItsNewline_isNotJudged() throws {
        try withServer { server in
            let client = try server.connect()
            client.send([0xc3])
            #expect(eventually { server.status.bytes.received == 1 })
            #expect(!client.hasSomething)
            client.send([0xa9, 0x0a])
            #expect(client.readText(3) == "É\n")
        }
    }

    @Test(arguments: [[0xff, 0x0a], [0x61, 0xc3, 0x0a, 0x62, 0x0a]] as [[UInt8]])
    func invalidLineSent_endsAfterTheEarlierOnes(line: [UInt8]) throws {
        try withServer { server in
            let client = try server.connect()
            client.send(Array("one\nzwei ß\n".utf8) + line)
            #expect(client.readTextToEnd() == "ONE\nZWEI SS\n")
            #expect(client.end == .finished)
            client.close()
            #expect(server.awaitsNobody())
            #expect(server.status.connections.closed[.invalidUTF8] == 1)
        }
    }

    @Test func partialLineAtTheEnd_whenInvalid_isNotAnswered() throws {
        try withServer { server in
            let client = try server.connect()
            client.send(Array("one\n".utf8) + [0xff])
            client.finishSending()
            #expect(client.readTextToEnd() == "ONE\n")
            #expect(client.end == .finished)
            #expect(server.awaitsNobody())
            #expect(server.status.connections.closed[.invalidUTF8] == 1)
        }
    }

    @Test func bytesSent_afterTheBadLine_areDiscardedAndCounted() throws {
        try withServer(.test(linger: .seconds(60))) { server in
            let client = try server.connect()
            client.send([0xff, 0x0a])
            #expect(client.readToEnd().isEmpty)
            client.send("late\n")
            #expect(eventually { server.status.bytes.received == 7 })
            let row = try #require(server.page().connections.first)
            #expect(row.lateDiscarded == 5)
            #expect(row.state == .closing)
            #expect(row.reason == nil)
        }
    }
}
