import EchoCore
import EventLoops
import TestSupport
import Testing
import Threads
import Wire

@testable import EchoServer

/// `DELETE /connections/{id}` (contract.md, section 5), in every phase of a connection.
@Suite struct AdminCloseTests {
    @Test func close_answersWhatWasReceived_andGivesUpTheUnfinishedLine() throws {
        try withServer { server in
            let client = try server.connectServed()
            let goOn = server.block(server.loops[0])
            client.send("a\nb\nunfinished")
            #expect(eventually { client.unacknowledged == 0 })
            let info = try server.close(1) { goOn.open() }
            #expect((info.id, info.state, info.reason) == (1, .closing, nil))
            #expect(client.readTextToEnd() == "A\nB\n")
            #expect(client.end == .finished)
            client.close()
            #expect(server.awaitsNobody())
            #expect(server.closed == [.adminClosed: 1])
            let measured = server.server.measure()
            #expect((measured.counts[.lostReceived], measured.counts[.lostSent]) == (0, 0))
        }
    }

    @Test func close_ofAPeerThatStays_endsAfterTheLinger() throws {
        try withServer(.test(linger: .seconds(2))) { server in
            let client = try server.connectServed()
            try server.close(1)
            #expect(client.readToEnd().isEmpty)
            client.send("late\n")
            #expect(server.awaitsNobody())
            #expect(server.closed == [.adminClosed: 1])
            #expect(server.server.measure().counts[.lateDiscarded] == 5)
        }
    }

    @Test func close_whenThePeersFINHasCome_echoesEverything() throws {
        try withServer { server in
            let client = try server.connectServed()
            let goOn = server.block(server.loops[0])
            server.server.closeConnection(id: 1, mode: .close) { _ in }
            client.send("all of\nit")
            client.finishSending()
            #expect(eventually { client.unacknowledged == 0 })
            goOn.open()
            #expect(client.readTextToEnd() == "ALL OF\nIT\n")
            client.close()
            #expect(server.awaitsNobody())
            #expect(server.closed == [.peerClosed: 1])
        }
    }

    @Test func abort_resets_andCountsWhatIsLost() throws {
        try withServer { server in
            let client = try server.connect(receiveBuffer: 4_096)
            let count = try server.fill(client, with: Array("0123456\n".utf8))
            let before = try server.sample().bytes
            let info = try server.close(1, .abort)
            #expect((info.state, info.reason) == (.closed, .adminClosed))
            #expect(server.awaitsNobody())
            #expect(server.closed == [.adminClosed: 1])
            let measured = server.server.measure()
            // Whole lines only were sent: what was read and not answered ends in one that is no line yet.
            #expect(measured.counts[.lostReceived] > 0 && measured.counts[.lostReceived] <= before.unread + 8)
            #expect(measured.counts[.lostSent] >= before.unacked)
            #expect(measured.status.bytes.received == UInt64(count))
            while !client.read(65_536).isEmpty {}
            #expect(client.end == .reset)
        }
    }

    @Test func oneThatIsNotOpen_isNotFound() throws {
        try withServer { server in
            let client = try server.connectServed()
            client.close()
            #expect(server.awaitsNobody())
            for id: UInt64 in [0, 1, 2] {
                for mode in ConnectionCloseMode.allCases {
                    let lookup = try server.answer { server.server.closeConnection(id: id, mode: mode, $0) }
                    #expect(lookup == .notFound)
                }
            }
            #expect(server.closed == [.peerClosed: 1])
        }
    }

    @Test func refusedOne_whenAborted_isCountedAsRefused() throws {
        var configuration = ServerConfiguration.test()
        configuration.maximumConnections = 1
        try withServer(configuration) { server in
            let inside = try server.connectServed()
            let goOn = server.block(server.loops[0])
            let outside = try server.connect()
            #expect(eventually { server.status.connections.accepted == 2 })
            server.server.closeConnection(id: 2, mode: .abort) { _ in }
            goOn.open()
            #expect(eventually { server.status.connections.closed[.refused] == 1 })
            #expect(server.closed == [.refused: 1])
            inside.send("in\n")
            #expect(inside.readText(3) == "IN\n")
            outside.close()
        }
    }

    // MARK: During a drain

    @Test func close_ofOneThatADrainIsClosing_givesUpItsLine() throws {
        try withServer { server in
            let client = try server.connectServed()
            client.send("unfin")
            #expect(eventually { server.status.bytes.received == 11 })
            server.drain()
            #expect(server.awaitsBlocker(.partialLine))
            try server.close(1)
            #expect(client.readToEnd().isEmpty)
            client.close()
            let drain = try server.drained()
            #expect(drain.result == .clean && drain[.incomplete] == 5)
            #expect(server.closed == [.adminClosed: 1])
        }
    }

    @Test func close_duringADrain_isNotUndoneByAnUndrain() throws {
        try withServer { server in
            let kept = try server.connectServed()
            let closed = try server.connectServed()
            for client in [kept, closed] { client.send("unfin") }
            #expect(eventually { server.status.bytes.received == 22 })
            server.drain()
            #expect(server.awaitsBlocker(.partialLine, 2))
            try server.close(2)
            let (reply, _): (UndrainReply, ServiceStatus) = try server.answer { completion in
                server.server.requestUndrain { completion(($0, $1)) }
            }
            #expect(reply == .serving)
            // The line no longer has a deadline to be completed by.
            #expect(closed.readToEnd().isEmpty)
            closed.close()
            #expect(server.awaitsActive(1))
            #expect(server.closed == [.adminClosed: 1])
            kept.send("ished\n")
            #expect(kept.readText(11) == "UNFINISHED\n")
            #expect(server.server.measure().drains[.undrained] == 1)
        }
    }

    @Test func abort_duringADrain_cuts_andItsLossesAreTheDrains() throws {
        try withServer { server in
            let client = try server.connect(receiveBuffer: 4_096)
            #expect(try server.fill(client, with: [0x0a]) > 0)
            server.drain()
            #expect(server.awaitsBlocker(.peerRead))
            try server.close(1, .abort)
            let drain = try server.drained()
            #expect(drain.result == .lost)
            #expect(drain[.lostSent] > 0)
            #expect(server.closed == [.adminClosed: 1])
            #expect(server.server.measure().drains == [.clean: 0, .forced: 0, .lost: 1, .undrained: 0])
        }
    }
}

extension TestServer {
    /// As `DELETE` shows it; `afterwards` is called when that was asked for.
    @discardableResult
    fileprivate func close(
        _ id: UInt64, _ mode: ConnectionCloseMode = .close, afterwards: () -> Void = {}
    ) throws -> ConnectionInfo {
        let lookup: ConnectionLookup = try answer { completion in
            server.closeConnection(id: id, mode: mode, completion)
            afterwards()
        }
        guard case .found(let info) = lookup else {
            Issue.record("\(lookup)")
            throw CancellationError()
        }
        return info
    }
}
