import Basics
import EchoCore
import Testing
import Wire

/// The rows of delay, deadline and end, and the paragraph "Times".
@Suite("DrainStateMachine: times")
struct DrainStateMachineTimeTests {
    // MARK: The cells

    @Test func delayOver_whenLameDuck_drains() {
        var rig = Rig(.lameDuck)
        rig.pass(.milliseconds(4_999))
        #expect(rig.state == .lameDuck && rig.actions.isEmpty)
        rig.pass(.milliseconds(1))
        #expect(rig.state == .draining && rig.machine.enteredStateAt == rig.now)
        #expect(rig.actions.last == .closeListeners(drain: 1, serveQueueUntil: Rig.at(.seconds(6))))
    }

    @Test func deadline_whenDraining_forces() {
        var rig = Rig(.draining)
        rig.pass(.seconds(1))
        rig.listenersClosed()
        rig.pass(.seconds(19))
        #expect(rig.actions == [.publishState(.forcing), .cutConnections(drain: 1)])
        #expect(rig.drain.acceptQueue == .lossless)
    }

    @Test func deadline_whenListenersAreStillOpen_isBestEffort() {
        var rig = Rig(.draining)
        rig.pass(.seconds(20))
        #expect(rig.actions.contains(.closeListenersNow(drain: 1)) && rig.drain.acceptQueue == .bestEffort)
    }

    @Test(arguments: [ServiceState.draining, .forcing])
    func connectionsEnded_whenHolding_isDrained(state: ServiceState) {
        var rig = Rig(state)
        rig.connectionsEnded()
        #expect(rig.actions == [.publishState(.drained), rig.finishWaiters(drain: 1, .drained, .clean)])
        #expect(rig.machine.nextTimer == nil && rig.drain.endedAt == rig.now)
    }

    @Test(arguments: [ServiceState.draining, .forcing])
    func connectionsEnded_whenToExit_isDrainedAndExits(state: ServiceState) {
        var rig = Rig(state, .exit)
        rig.connectionsEnded(DrainTally(forced: 2))
        #expect(
            rig.actions == [
                .publishState(.drained), rig.finishWaiters(drain: 1, .drained, .forced), .publishState(.exiting),
                rig.finishWaiters(drain: 1, .exiting, .forced), .exit(.forced),
            ])
    }

    @Test(arguments: [ServiceState.starting, .serving, .lameDuck, .drained, .exiting])
    func connectionsEnded_elsewhere_changesNothing(state: ServiceState) {
        let before = Rig(state)
        var rig = before
        rig.connectionsEnded(DrainTally(forced: 1))
        #expect(rig.actions.isEmpty && rig.machine == before.machine)
    }

    @Test(arguments: [ServiceState.starting, .serving, .drained])
    func timePassed_withoutATimer_changesNothing(state: ServiceState) {
        var rig = Rig(state)
        #expect(rig.machine.nextTimer == nil)
        rig.pass(.seconds(1_000_000))
        #expect(rig.actions.isEmpty && rig.state == state)
    }

    // MARK: Phases

    @Test func modeClose_marksAfterTheAcceptLinger_inItsTurn() {
        var rig = Rig(.draining, defaults: .spreadOverFourSeconds)
        rig.pass(.seconds(1))
        #expect(
            rig.actions == [
                .markConnections(drain: 1, spreadUntil: Rig.at(.seconds(5)), firstLineGrace: .seconds(1))
            ])
        #expect(rig.machine.nextTimer == Rig.at(.seconds(20)))
    }

    @Test func modeClose_whenListenersCloseEarly_marksAtOnce() {
        var rig = Rig(.draining)
        rig.listenersClosed(.handedOver)
        #expect(
            rig.actions == [.markConnections(drain: 1, spreadUntil: Rig.start, firstLineGrace: .seconds(1))])
        #expect(rig.drain.acceptQueue == .handedOver)
        rig.listenersClosed(.lossless)
        #expect(rig.actions.isEmpty && rig.drain.acceptQueue == .handedOver)
    }

    @Test func modeWait_becomesCloseShortlyBeforeTheDeadline() {
        var rig = Rig(.serving, defaults: .wait)
        rig.postDrain(timeout: .seconds(40))
        rig.pass(.seconds(1))
        #expect(rig.actions.isEmpty && rig.machine.nextTimer == Rig.at(.seconds(35)))
        rig.pass(.seconds(34))
        #expect(
            rig.actions == [
                .markConnections(drain: 1, spreadUntil: Rig.at(.seconds(35)), firstLineGrace: .seconds(1))
            ])
        #expect(rig.drain.mode == .close && rig.state == .draining)
    }

    @Test func modeWait_withLittleRoom_becomesCloseAtAQuarterBeforeTheDeadline() {
        var rig = Rig(.serving, defaults: .wait)
        rig.postDrain(delay: .seconds(4), timeout: .seconds(12))
        rig.pass(.seconds(4))
        rig.listenersClosed()
        #expect(rig.machine.nextTimer == Rig.at(.seconds(10)))
    }

    @Test func acceptLinger_overAQuarter_isShortenedWithAWarning() {
        var rig = Rig(.serving)
        rig.postDrain(delay: .seconds(1), timeout: .seconds(3))
        rig.pass(.seconds(1))
        #expect(
            rig.actions == [
                .publishState(.draining), .closeListeners(drain: 1, serveQueueUntil: Rig.at(.milliseconds(1_500))),
                .warn(.acceptLingerShortened(to: .milliseconds(500))),
            ])
        #expect(rig.drain.acceptQueue == .bestEffort)
        rig.pass(.milliseconds(500))
        rig.listenersClosed(.lossless)
        #expect(rig.drain.acceptQueue == .bestEffort)
    }

    @Test func acceptLinger_ofAQuarter_isNotShortenedByALateTimer() {
        var rig = Rig(.serving)
        rig.postDrain(delay: .seconds(1), timeout: .seconds(5))
        rig.pass(.milliseconds(1_030))
        #expect(rig.actions.last == .closeListeners(drain: 1, serveQueueUntil: Rig.at(.milliseconds(2_030))))
        #expect(rig.drain.acceptQueue == .lossless)
    }

    @Test func acceptLingerZero_marksAtOnce() {
        var rig = Rig(.serving, defaults: DrainDefaults(acceptLinger: .zero, acceptQueue: .bestEffort))
        rig.postDrain()
        #expect(
            rig.actions == [
                .publishState(.draining), .closeListeners(drain: 1, serveQueueUntil: Rig.start),
                .markConnections(drain: 1, spreadUntil: Rig.start, firstLineGrace: .zero),
            ])
        #expect(rig.drain.acceptQueue == .bestEffort)
    }

    @Test func spread_overHalf_isShortened() {
        var rig = Rig(.serving, defaults: DrainDefaults(spread: .seconds(60)))
        rig.postDrain()
        rig.pass(.seconds(1))
        #expect(
            rig.actions == [
                .markConnections(drain: 1, spreadUntil: Rig.at(.seconds(11)), firstLineGrace: .seconds(1))
            ])
    }

    // MARK: The end

    @Test func forcing_withIntentExit_exitsAfterHalfASecond() {
        var rig = Rig(.forcing, .exit)
        rig.pass(.milliseconds(500))
        #expect(
            rig.actions == [
                rig.finishWaiters(drain: 1, .drained, .forced), .publishState(.exiting),
                rig.finishWaiters(drain: 1, .exiting, .forced), .exit(.forced),
            ])
        rig.pass(.milliseconds(1_500))
        #expect(rig.actions == [.exitImmediately(.forced)])
        #expect(rig.now == rig.drain.deadline + .seconds(2))
    }

    @Test func forcing_withIntentHold_lastsAsLongAsALoopIsStuck() {
        var rig = Rig(.forcing, .hold)
        rig.pass(.seconds(3_600))
        #expect(rig.state == .forcing && rig.machine.exitCode == nil)
        rig.connectionsEnded(DrainTally(forced: 1))
        #expect(rig.state == .drained && rig.machine.exitCode == .forced)
    }

    @Test func exiting_leavesTheProcessATenthOfItsOneAndAHalfSeconds() {
        var rig = Rig(.exiting)
        #expect(rig.machine.nextTimer == Rig.at(.milliseconds(1_400)))
        rig.pass(.milliseconds(1_500))
        #expect(rig.actions == [.exitImmediately(.success)])
    }

    // MARK: The clock

    @Test func timePassed_earlyOrAgain_isHarmless() {
        var rig = Rig(.lameDuck)
        for _ in 0..<10 { rig.pass(.milliseconds(100)) }
        #expect(rig.actions.isEmpty && rig.state == .lameDuck)
    }

    @Test func timePassed_farTooLate_takesEveryStepInOrder() {
        var rig = Rig(.serving)
        rig.postShutdown(delay: .seconds(5))
        rig.pass(.seconds(600))
        #expect(
            rig.actions == [
                .publishState(.draining), .closeListeners(drain: 1, serveQueueUntil: rig.now),
                .warn(.acceptLingerShortened(to: .zero)), .publishState(.forcing), .closeListenersNow(drain: 1),
                .cutConnections(drain: 1),
            ])
        // The stop ate the time for cutting: the loops get it again, once.
        #expect(rig.machine.nextTimer == rig.now + .milliseconds(500))
        rig.pass(.seconds(600))
        #expect(rig.actions.last == .exit(.forced))
        rig.pass(.seconds(600))
        #expect(rig.actions == [.exitImmediately(.forced)])
    }

    @Test func event_afterADueTimer_findsItsEffect() {
        var rig = Rig(.draining)
        rig.now = rig.now + .seconds(20)
        #expect(rig.undrain().isRefused)
        #expect(rig.state == .forcing && rig.actions.contains(.cutConnections(drain: 1)))
    }

    @Test func clock_goingBack_countsAsTheLatestSeen() {
        var rig = Rig(.lameDuck)
        rig.pass(.seconds(4))
        rig.now = Rig.start
        rig.postDrain(delay: .zero)
        #expect(rig.state == .draining && rig.machine.enteredStateAt == Rig.at(.seconds(4)))
    }
}
