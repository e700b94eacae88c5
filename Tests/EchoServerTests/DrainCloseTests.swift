import EchoCore
import EventLoops
import TestSupport
import Testing
import Threads
import Wire

@testable import EchoServer

/// Mode close, before its deadline (contract.md, section 4).
@Suite struct DrainCloseTests {
    @Test(arguments: [("a\nb\n", "A\nB\n"), ("a\nb ß\nc\n", "A\nB SS\nC\n")])
    func linesReceivedAtTheMark_areAnsweredThenFIN(input: String, answer: String) throws {
        try withServer { server in
            let client = try server.connectServed()
            let goOn = server.block(server.loops[0])
            client.send(input)
            server.drain()
            #expect(server.awaitsMark())
            goOn.open()
            #expect(client.readTextToEnd() == answer)
            #expect(client.end == .finished)
            client.close()
            let drain = try server.drained()
            #expect(drain.result == .clean)
            #expect((drain[.atMark], drain[.closed], drain[.lateDiscarded]) == (1, 1, 0))
            #expect(server.closed == [.drained: 1])
            #expect(server.status.exitCode == 0)
        }
    }

    @Test func partialLineAtTheMark_completedLate_isAnsweredAndNothingAfterIt() throws {
        try withServer(.test(linger: .seconds(60))) { server in
            let client = try server.connectServed()
            client.send("one\ntw")
            #expect(client.readText(4) == "ONE\n")
            server.drain()
            #expect(server.awaitsBlocker(.partialLine))
            #expect(!client.hasSomething)
            client.send("o")
            #expect(eventually { server.status.bytes.received == 13 })
            #expect(!client.hasSomething)
            client.send("\nlate\nlater")
            #expect(client.readTextToEnd() == "TWO\n")
            client.send("est")
            client.finishSending()
            #expect(client.end == .finished)
            let drain = try server.drained()
            #expect(drain[.lateDiscarded] == 13)
            #expect((drain[.lostReceived], drain[.lostSent], drain[.incomplete]) == (0, 0, 0))
            #expect(drain.result == .clean)
            #expect(server.status.lines == 3)
        }
    }

    @Test func bytesReceivedAfterTheMark_inModeVerbatim_areDiscarded() throws {
        try withServer(.test(mode: .verbatim, linger: .seconds(60))) { server in
            let client = try server.connectServed()
            server.drain()
            #expect(client.readToEnd().isEmpty)
            client.send("late")
            #expect(eventually { server.status.bytes.received == 10 })
            client.close()
            #expect(try server.drained()[.lateDiscarded] == 4)
        }
    }

    @Test func peerFinishedBeforeUs_getsEverything() throws {
        try withServer { server in
            let client = try server.connectServed()
            client.send("par")
            #expect(eventually { server.status.bytes.received == 9 })
            server.drain()
            #expect(server.awaitsBlocker(.partialLine))
            let goOn = server.block(server.loops[0])
            client.send("tial\nmore\nrest")
            client.finishSending()
            goOn.open()
            #expect(client.readTextToEnd() == "PARTIAL\nMORE\nREST\n")
            let drain = try server.drained()
            #expect(drain[.lateDiscarded] == 0)
            #expect(drain.result == .clean)
            #expect(server.closed == [.peerClosed: 1])
        }
    }

    @Test func partialLineAtTheMark_whenPeerFinishes_isAnswered() throws {
        try withServer { server in
            let client = try server.connectServed()
            client.send("par")
            #expect(eventually { server.status.bytes.received == 9 })
            server.drain()
            #expect(server.awaitsBlocker(.partialLine))
            client.finishSending()
            #expect(client.readTextToEnd() == "PAR\n")
            #expect(try server.drained()[.incomplete] == 0)
        }
    }

    @Test func idleConnections_areFinishedAtOnce() throws {
        try withServer(.test(linger: .seconds(60)), loops: 2) { server in
            let clients = try (0..<10).map { _ in try server.connectServed() }
            let reply = server.drain()
            #expect(reply.outcome == .started)
            for client in clients {
                #expect(client.readToEnd().isEmpty)
                #expect(client.end == .finished)
            }
            #expect(server.status.state == .draining)
            #expect(try server.sample().drain?.blockedOn == [.peerClose: 10])
            for client in clients { client.close() }
            let drain = try server.drained()
            #expect((drain[.atMark], drain[.closed]) == (10, 10))
            #expect(server.closed == [.drained: 10])
        }
    }

    @Test func peerThatStays_isClosedAfterTheLinger() throws {
        try withServer { server in
            let client = try server.connectServed()
            let start = monotonicNanoseconds()
            server.drain()
            #expect(try server.drained().result == .clean)
            #expect(monotonicNanoseconds() - start >= 200_000_000)
            #expect(server.closed == [.drained: 1])
            #expect(client.readToEnd().isEmpty)
            #expect(client.end == .finished)
        }
    }

    @Test func slowReader_whenItReadsInTime_getsEverything() throws {
        try withServer { server in
            let client = try server.connect(receiveBuffer: 4_096)
            let line = Array((String(repeating: "x", count: 99) + "\n").utf8)
            let count = try server.fill(client, with: line)
            let unread = Int(try server.sample().bytes.unread)
            server.drain()
            #expect(server.awaitsBlocker(.peerRead))
            // All that was received at the mark, and on to the end of its line.
            let received = Int(server.status.bytes.received)
            let answer = client.readToEnd()
            #expect(client.end == .finished)
            #expect(answer.count == (received + unread + 99) / 100 * 100)
            client.close()
            let drain = try server.drained()
            #expect(drain.result == .clean)
            #expect((drain[.lostSent], drain[.lostReceived]) == (0, 0))
            #expect(count >= answer.count)
        }
    }

    @Test func peerReset_duringTheDrain_isAbandonedAndNotLost() throws {
        try withServer { server in
            let client = try server.connect(receiveBuffer: 4_096)
            #expect(try server.fill(client, with: [0x0a]) > 0)
            server.drain()
            #expect(server.awaitsBlocker(.peerRead))
            client.reset()
            let drain = try server.drained()
            #expect(drain.result == .clean)
            #expect(drain[.abandonedByPeer] > 0)
            #expect((drain[.lostSent], drain[.lostReceived]) == (0, 0))
            #expect(server.closed == [.resetByPeer: 1])
        }
    }
}
