import EchoCore
import Testing
import Wire

/// The row `DELETE /drain` and the paragraph "Undrain".
@Suite("DrainStateMachine: undrain")
struct DrainStateMachineUndrainTests {
    @Test(arguments: [ServiceState.starting, .forcing, .exiting])
    func undrain_whenThereIsNoWayBack_isRefused(state: ServiceState) {
        let before = Rig(state)
        var rig = before
        #expect(rig.undrain().isRefused && rig.actions.isEmpty)
        #expect(rig.machine == before.machine)
    }

    @Test func undrain_whenServing_isServing() {
        var rig = Rig(.serving)
        #expect(rig.undrain() == .serving)
        #expect(rig.actions.isEmpty && rig.machine.drain == nil)
    }

    @Test func undrain_whenLameDuck_servesAtOnce() {
        var rig = Rig(.lameDuck, .exit)
        #expect(rig.undrain() == .serving)
        #expect(
            rig.actions == [
                .publishState(.serving), rig.finishWaiters(drain: 1, .drained, .undrained),
                rig.finishWaiters(drain: 1, .exiting, .undrained),
            ])
        #expect(rig.drain.result == .undrained && rig.drain.remaining(at: rig.now) == nil)
    }

    @Test func undrain_whenDraining_servesWhenTheListenersAreOpen() {
        var rig = Rig(.draining, .exit)
        #expect(rig.undrain() == .opening(attempt: 1))
        #expect(rig.actions == [.openListeners(attempt: 1)] && rig.state == .draining)
        rig.listenersReopened()
        #expect(
            rig.actions == [
                .reopenConnections(drain: 1), .publishState(.serving),
                rig.finishWaiters(drain: 1, .drained, .undrained),
                rig.finishWaiters(drain: 1, .exiting, .undrained), .finishUndrain(attempt: 1, .serving),
            ])
        #expect(rig.machine.exitCode == nil && rig.machine.nextTimer == nil)
    }

    @Test func undrain_whenDrained_servesWhenTheListenersAreOpen() {
        var rig = Rig(.drained)
        #expect(rig.undrain() == .opening(attempt: 1))
        rig.listenersReopened()
        #expect(
            rig.actions == [
                .publishState(.serving), rig.finishWaiters(drain: 1, .exiting, .undrained),
                .finishUndrain(attempt: 1, .serving),
            ])
        #expect(rig.drain.result == .undrained && rig.machine.exitCode == nil)
    }

    @Test(arguments: [ServiceState.lameDuck, .draining])
    func undrain_afterASignal_isRefused(state: ServiceState) {
        var rig = Rig(state)
        rig.signal()
        #expect(rig.undrain().isRefused && rig.state == state)
    }

    @Test(arguments: [ServiceState.draining, .drained])
    func undrainFailed_letsTheDrainGoOn(state: ServiceState) {
        let before = Rig(state)
        var rig = before
        rig.undrain()
        rig.undrainFailed()
        #expect(rig.actions == [.finishUndrain(attempt: 1, .failed)])
        #expect(rig.state == state && rig.drain == before.drain)
    }

    @Test func undrain_whenOneIsUnderWay_waitsForIt() {
        var rig = Rig(.draining)
        rig.undrain()
        #expect(rig.undrain() == .opening(attempt: 1))
        #expect(rig.actions.isEmpty)
    }

    @Test func undrain_overtakenByTheDeadline_isRefused() {
        var rig = Rig(.draining)
        rig.undrain()
        rig.pass(.seconds(20))
        #expect(rig.state == .forcing)
        guard case .finishUndrain(attempt: 1, .refused) = rig.actions.last else {
            Issue.record("\(rig.actions)")
            return
        }
    }

    @Test func drainedWithIntentExit_whileUndrainIsUnderWay_waitsForIt() {
        var rig = Rig(.draining, .exit)
        rig.undrain()
        rig.connectionsEnded()
        #expect(rig.state == .drained)
        rig.listenersReopened()
        #expect(rig.state == .serving)
    }

    @Test func drainedWithIntentExit_whenUndrainFails_exits() {
        var rig = Rig(.draining, .exit)
        rig.undrain()
        rig.connectionsEnded()
        rig.undrainFailed()
        #expect(rig.actions.first == .finishUndrain(attempt: 1, .failed) && rig.state == .exiting)
    }

    @Test func drainedWithIntentExit_whenUndrainNeverEnds_exitsAtTheDeadline() {
        var rig = Rig(.draining, .exit)
        rig.undrain()
        rig.connectionsEnded()
        rig.pass(.seconds(20))
        #expect(rig.state == .exiting && rig.actions.last == .exit(.success))
    }

    @Test func drain_afterUndrain_isANewOne() {
        var rig = Rig(.draining, .exit)
        rig.undrain()
        rig.listenersReopened()
        rig.postDrain(timeout: .seconds(100))
        #expect(rig.outcome == .started)
        #expect(rig.drain.id == 2 && rig.drain.intent == .hold && rig.drain.timeout == .seconds(100))
        #expect(rig.machine.result(ofDrain: 1, at: .exiting) == .undrained)
        #expect(rig.machine.result(ofDrain: 2, at: .drained) == nil)
    }

    @Test func reports_ofADrainTakenBack_changeNothing() {
        var rig = Rig(.draining)
        rig.undrain()
        rig.listenersReopened()
        rig.postDrain()
        rig.tally = DrainTally(forced: 1)
        let before = rig.machine
        #expect(rig.machine.listenersClosed(drain: 1, acceptQueue: .bestEffort, at: rig.moment).isEmpty)
        #expect(rig.machine.connectionsEnded(drain: 1, at: rig.moment).isEmpty)
        #expect(rig.machine == before)
    }
}
