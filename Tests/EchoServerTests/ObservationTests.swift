import EventLoops
import TestSupport
import Testing
import Threads
import Wire

@testable import EchoCore
@testable import EchoServer

/// What observers are told, and when.
@Suite struct ObservationTests {
    /// Everything that one observer was told.
    private final class Log: Sendable {
        struct Entry: Sendable {
            var event: ServiceEvent
            var status: ServiceStatus
        }

        private let entries = Lock<[Entry]>([])

        var all: [Entry] { entries.withLock { $0 } }
        var events: [ServiceEvent] { all.map(\.event) }
        var states: [ServiceState] { all.filter { $0.event == .state }.map(\.status.state) }

        /// From now on: that the service serves has been told to others.
        func observe(_ server: TestServer) -> ServiceObservation {
            server.goRound(server.control)
            return server.server.observe { [entries] event, status in
                entries.withLock { $0.append(Entry(event: event, status: status)) }
            }
        }
    }

    @Test func everyState_isTold_andDoneComesLast() throws {
        let log = Log()
        var observations: [ServiceObservation] = []
        try withServer { server in
            observations.append(log.observe(server))
            let client = try server.connectServed()
            server.drain(.exit, delay: .milliseconds(20))
            client.finishSending()
            #expect(eventually { log.events.last == .done })
        }
        #expect(log.states == [.lameDuck, .draining, .drained, .exiting])
        #expect(log.events.filter { $0 == .done }.count == 1)
        let last = try #require(log.all.last?.status)
        #expect((last.state, last.exitCode) == (.exiting, 0))
        #expect((last.connections.accepted, last.connections.active) == (1, 0))
        #expect(last.drain?.result == .clean)
        #expect(log.all.first { $0.status.state == .draining }?.status.exitCode == nil)
    }

    @Test func forcing_andServingAgain_areTold() throws {
        try withServer { server in
            let log = Log()
            let observation = log.observe(server)
            let client = try server.connectServed()
            client.send("abc")
            #expect(eventually { server.status.bytes.received == 9 })
            server.drain(timeout: .milliseconds(200))
            #expect(server.awaits(.drained))
            let reply: UndrainReply = try server.answer { answer in
                server.server.requestUndrain { reply, _ in answer(reply) }
            }
            #expect(reply == .serving)
            #expect(eventually { log.states.last == .serving })
            #expect(log.states == [.draining, .forcing, .drained, .serving])
            observation.cancel()
        }
    }

    @Test func joinThatChangesSomething_isTold_othersAreNot() throws {
        try withServer { server in
            let client = try server.connectServed()
            client.send("abc")
            #expect(eventually { server.status.bytes.received == 9 })
            let log = Log()
            let observation = log.observe(server)
            let requests: [(DrainIntent, DrainMode?, Duration?)] = [
                (.hold, .wait, .seconds(20)), (.hold, nil, .seconds(60)), (.hold, nil, .seconds(5)),
                (.hold, nil, nil), (.hold, .close, nil), (.exit, nil, nil),
            ]
            for (intent, mode, timeout) in requests {
                server.drain(intent, mode: mode, timeout: timeout)
                server.goRound(server.control)
            }
            let told = log.all.filter { $0.event == .state }.compactMap(\.status.drain)
            #expect(told.map(\.mode) == [.wait, .wait, .close, .close])
            #expect(told.map(\.intent) == [.hold, .hold, .hold, .exit])
            #expect(told.map { $0.timeout < .seconds(15) } == [false, true, true, true])
            client.close()
            #expect(eventually { log.events.last == .done })
            observation.cancel()
        }
    }

    @Test func totals_comeEverySecond_withAFreshSample() throws {
        try withServer { server in
            let log = Log()
            let start = monotonicNanoseconds()
            let observation = log.observe(server)
            let client = try server.connectServed()
            #expect(eventually { log.events.starts(with: [.totals, .totals]) })
            #expect(monotonicNanoseconds() - start >= 2_000_000_000)
            #expect(log.all.last?.status.lines == 1)
            observation.cancel()
            client.close()
        }
    }

    @Test func cancelledOrDroppedObserver_isToldNothing() throws {
        try withServer { server in
            let log = Log()
            let cancelled = log.observe(server)
            cancelled.cancel()
            cancelled.cancel()
            var dropped: ServiceObservation? = log.observe(server)
            #expect(dropped != nil)
            dropped = nil
            #expect(server.server.observers.isEmpty)
            server.drain()
            #expect(server.awaits(.drained))
            server.goRound(server.control)
            #expect(log.all.isEmpty)
        }
    }

    @Test func observerWhoComesAfterDone_isToldThatAtOnce() throws {
        try withServer { server in
            let first = Log()
            let observation = first.observe(server)
            server.drain(.exit)
            #expect(eventually { first.events.last == .done })
            let late = Log()
            let other = late.observe(server)
            #expect(eventually { late.events == [.done] })
            #expect(late.all.first?.status.state == .exiting)
            observation.cancel()
            other.cancel()
        }
    }
}
