import EchoCore
import TestSupport
import Testing
import Threads
import Wire

@testable import EchoServer
@testable import EventLoops

/// Requests, waiters and signals.
@Suite struct DrainRequestTests {
    /// Keeps a drain from ending until it is closed.
    private static func clientInTheMiddleOfALine(_ server: TestServer) throws -> TestClient {
        let client = try server.connectServed()
        client.send("abc")
        #expect(eventually { server.status.bytes.received == 9 })
        return client
    }

    @Test func secondRequest_joins() throws {
        try withServer { server in
            let client = try Self.clientInTheMiddleOfALine(server)
            let first = server.drain(timeout: .seconds(20))
            #expect(first.outcome == .started)
            #expect(first.status.state == .draining)
            #expect(first.status.drain?.timeout == .seconds(20))
            let second = server.drain(timeout: .seconds(60))
            #expect(second.outcome == .joined)
            #expect((second.status.drain?.id, second.status.drain?.timeout) == (1, .seconds(20)))
            let third = server.drain(timeout: .seconds(5))
            #expect(try #require(third.status.drain?.timeout) < .seconds(15))
            client.close()
            #expect(try server.drained().intent == .hold)
            #expect(server.drain().outcome == .joined)
            #expect(server.drain(.exit).outcome == .joined)
            #expect(server.awaits(.exiting))
            guard case .refused = server.drain().outcome else {
                Issue.record("a drain is refused while the process exits")
                return
            }
        }
    }

    @Test func waiters_areToldWhenItIsOver() throws {
        try withServer { server in
            let client = try Self.clientInTheMiddleOfALine(server)
            server.drain()
            let outcomes = Lock<[DrainWaitOutcome]>([])
            for _ in 0..<16 {
                let waits = server.server.awaitDrain(id: 1, .drained, limit: nil) { outcome, status in
                    #expect(status.state == .drained)
                    outcomes.withLock { $0.append(outcome) }
                }
                #expect(waits != nil)
            }
            #expect(server.status.drain?.waiters == 16)
            let last = server.server.awaitDrain(id: 1, .drained, limit: nil) { _, _ in Issue.record("the 17th waits") }
            #expect(last == nil)
            #expect(outcomes.withLock { $0.isEmpty })
            client.close()
            #expect(eventually { outcomes.withLock { $0.count == 16 } })
            #expect(outcomes.withLock { $0.allSatisfy { $0 == .over(.clean) } })
            #expect(server.status.drain?.waiters == 0)
        }
    }

    @Test func waiter_whenItsLimitPasses_isToldAndTheDrainGoesOn() throws {
        try withServer { server in
            let client = try Self.clientInTheMiddleOfALine(server)
            server.drain()
            let start = monotonicNanoseconds()
            let outcome: DrainWaitOutcome = try server.answer { answer in
                let waiter = server.server.awaitDrain(id: 1, .drained, limit: .milliseconds(100)) { outcome, _ in
                    answer(outcome)
                }
                #expect(waiter != nil)
            }
            #expect(outcome == .limitPassed)
            #expect(monotonicNanoseconds() - start >= 100_000_000)
            #expect(server.status.state == .draining)
            #expect(server.status.drain?.waiters == 0)
            client.close()
            #expect(server.awaits(.drained))
        }
    }

    @Test func waiter_thatHasGone_isNotToldAndLeavesItsPlace() throws {
        try withServer { server in
            let client = try Self.clientInTheMiddleOfALine(server)
            server.drain()
            let waiters = (0..<16).compactMap { _ in
                server.server.awaitDrain(id: 1, .drained, limit: nil) { _, _ in Issue.record("it has gone") }
            }
            #expect(Set(waiters).count == 16)
            for waiter in waiters + waiters { server.server.stopWaiting(waiter) }
            #expect(server.status.drain?.waiters == 0)
            #expect(server.status.state == .draining)
            let outcome: DrainWaitOutcome = try server.answer { answer in
                let waiter = server.server.awaitDrain(id: 1, .drained, limit: nil) { outcome, _ in answer(outcome) }
                #expect(waiter != nil)
                client.close()
            }
            #expect(outcome == .over(.clean))
        }
    }

    @Test func waiters_withLimits_areToldTheNearestFirst() throws {
        try withServer { server in
            let client = try Self.clientInTheMiddleOfALine(server)
            server.drain()
            let told = Lock<[Int]>([])
            for limit in [3_600_000, 3_000, 1_000, 2_000] {
                let waiter = server.server.awaitDrain(id: 1, .drained, limit: .milliseconds(limit)) { outcome, _ in
                    told.withLock { $0.append(outcome == .limitPassed ? limit : 0) }
                }
                #expect(waiter != nil)
            }
            #expect(eventually { told.withLock { $0.count == 3 } })
            #expect(server.status.drain?.waiters == 1)
            client.close()
            #expect(eventually { told.withLock { $0 == [1_000, 2_000, 3_000, 0] } })
        }
    }

    /// A limit may be a day long: what is kept for a client that has gone is not.
    @Test func waiters_thatHaveGone_leaveNothingOnTheLoop() throws {
        final class Probe: ReadinessHandler {
            func readinessChanged(_ readiness: Readiness) {}
            func timerFired() {}
        }
        try withServer { server in
            let client = try Self.clientInTheMiddleOfALine(server)
            server.drain()
            for _ in 0..<100 {
                let waiter = server.server.awaitDrain(id: 1, .drained, limit: .seconds(3600)) { _, _ in }
                server.server.stopWaiting(try #require(waiter))
            }
            let slot: Int = try server.answer { answer in
                let control = server.control
                control.post { answer((try? control.register(Probe()))?.slot ?? .max) }
            }
            #expect(slot < 50)
            client.close()
        }
    }

    @Test func waiter_whenTheDrainIsOver_isToldAtOnce() throws {
        try withServer { server in
            server.drain()
            #expect(server.awaits(.drained))
            let outcome: DrainWaitOutcome = try server.answer { answer in
                let waiter = server.server.awaitDrain(id: 1, .drained, limit: nil) { outcome, _ in answer(outcome) }
                #expect(waiter != nil)
            }
            #expect(outcome == .over(.clean))
        }
    }

    @Test func waiterForTheExit_isToldInExiting() throws {
        try withServer { server in
            server.drain()
            #expect(server.awaits(.drained))
            let states = Lock<[ServiceState]>([])
            let waiter = server.server.awaitDrain(id: 1, .exiting, limit: nil) { _, status in
                states.withLock { $0.append(status.state) }
            }
            #expect(waiter != nil)
            server.drain(.exit)
            #expect(eventually { states.withLock { $0 == [.exiting] } })
        }
    }

    @Test(arguments: [TerminationSignal.terminate, .interrupt])
    func firstSignal_drainsAndExits(signal: TerminationSignal) throws {
        try withServer { server in
            let client = try server.connectServed()
            server.server.signalReceived(signal)
            #expect(server.status.drain?.trigger == .signal(signal))
            #expect(server.status.drain?.intent == .exit)
            #expect(client.readToEnd().isEmpty)
            client.close()
            #expect(server.awaits(.exiting))
            #expect(server.status.exitCode == 0)
        }
    }

    @Test func furtherSignal_cutsWhoIsNotDone() throws {
        try withServer { server in
            let unfinished = try Self.clientInTheMiddleOfALine(server)
            server.server.signalReceived(.terminate)
            server.server.signalReceived(.terminate)
            #expect(remains(500) { server.status.state == .draining })
            server.server.signalReceived(.interrupt)
            #expect(server.awaits(.exiting))
            #expect(server.closed == [.forced: 1])
            #expect(server.status.exitCode == 2)
            #expect(unfinished.readToEnd().isEmpty)
            #expect(unfinished.end == .reset)
        }
    }

    @Test func quit_resetsAtOnce() throws {
        try withServer { server in
            let client = try server.connectServed()
            server.server.signalReceived(.quit)
            #expect(client.readToEnd().isEmpty)
            #expect(client.end == .reset)
            #expect(server.awaits(.exiting))
            #expect(server.status.exitCode == 2)
        }
    }

    @Test func shutdown_withoutConnections_exits() throws {
        try withServer { server in
            let reply = server.drain(.exit)
            #expect(reply.outcome == .started)
            #expect(server.awaits(.exiting))
            #expect(server.status.exitCode == 0)
            #expect(throws: SocketError.self) { try server.connect() }
        }
    }

    @Test func addressInUse_endsWithExitCode1() throws {
        try withServer { first in
            guard case .ipv4(let port) = try first.endpoint() else { return }
            var configuration = ServerConfiguration.test()
            configuration.listeners = [
                .loopback, ResolvedAddress(name: "taken", candidates: [.ipv4(0x7f00_0001, port: port)]),
            ]
            try withServer(configuration) { second in
                #expect(second.status.state == .exiting)
                #expect(second.status.exitCode == 1)
                #expect(second.status.listen.isEmpty)
            }
            #expect(try first.connectServed().end == .open)
        }
    }
}
