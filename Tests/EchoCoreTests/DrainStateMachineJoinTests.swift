import EchoCore
import Testing
import Wire

/// The paragraph "Joining", and the exit codes of section 6.
@Suite("DrainStateMachine: joining and exit codes")
struct DrainStateMachineJoinTests {
    @Test func join_withoutParameters_changesNothing() {
        var rig = Rig(.draining)
        let before = rig.drain
        rig.pass(.milliseconds(300))
        rig.postDrain()
        #expect(rig.drain == before && rig.actions.isEmpty)
    }

    @Test func join_withALongerTimeout_leavesTheDeadline() {
        var rig = Rig(.draining)
        rig.postDrain(timeout: .seconds(3_600))
        #expect(rig.drain.deadline == Rig.at(.seconds(20)))
    }

    @Test func join_withAShorterTimeout_countsFromNow() {
        var rig = Rig(.draining)
        rig.pass(.seconds(2))
        rig.postDrain(timeout: .seconds(10))
        #expect(rig.drain.deadline == Rig.at(.seconds(12)) && rig.drain.timeout == .seconds(12))
        #expect(rig.machine.nextTimer == Rig.at(.seconds(12)))
    }

    @Test func join_withADelay_endsItEarlierOnly() {
        var rig = Rig(.lameDuck)
        rig.pass(.seconds(1))
        rig.postDrain(delay: .seconds(10))
        #expect(rig.drain.delay == .seconds(5))
        rig.postDrain(delay: .seconds(2))
        #expect(rig.drain.delay == .seconds(3) && rig.machine.nextTimer == Rig.at(.seconds(3)))
    }

    @Test func join_withNoDelay_drainsAtOnce() {
        var rig = Rig(.lameDuck)
        rig.pass(.seconds(1))
        rig.postDrain(delay: .zero)
        #expect(rig.state == .draining && rig.drain.delay == .seconds(1))
        #expect(rig.actions.last == .closeListeners(drain: 1, serveQueueUntil: Rig.at(.seconds(2))))
    }

    @Test func join_withATimeoutThatHoldsTheDelay_leavesTheDelay() {
        var rig = Rig(.lameDuck)
        rig.postDrain(timeout: .seconds(8))
        #expect(rig.drain.delay == .seconds(5) && rig.actions.isEmpty)
    }

    @Test func join_withATimeoutBeforeTheDelayIsOver_leavesHalfTheTimeForDraining() {
        var rig = Rig(.lameDuck)
        rig.pass(.seconds(1))
        rig.postDrain(timeout: .seconds(4))
        #expect(rig.drain.deadline == Rig.at(.seconds(5)) && rig.drain.delay == .seconds(3))
        #expect(rig.actions == [.warn(.delayShortened(to: .seconds(3)))])
    }

    @Test(arguments: [DrainMode.wait, .close], [DrainMode.wait, .close])
    func join_withAMode_takesTheHarsherOnly(running: DrainMode, named: DrainMode) {
        var rig = Rig(.serving)
        rig.postDrain(mode: running)
        rig.postDrain(mode: named)
        #expect(rig.drain.mode == max(running, named))
    }

    @Test func join_withModeClose_marksConnectionsThatWait() {
        var rig = Rig(.serving, defaults: .spreadOverFourSeconds)
        rig.postDrain(mode: .wait)
        rig.pass(.seconds(1))
        rig.pass(.seconds(12))
        rig.postDrain(mode: .close)
        // The spread of 4 s would end at 17 s, and every connection is marked by T - 5 s.
        #expect(
            rig.actions == [
                .markConnections(drain: 1, spreadUntil: Rig.at(.seconds(15)), firstLineGrace: .seconds(1))
            ])
    }

    @Test func join_bringingTheDeadlineNearer_shortensTheAcceptLinger() {
        var rig = Rig(.draining)
        rig.pass(.milliseconds(200))
        rig.postDrain(timeout: .milliseconds(1_800))
        #expect(
            rig.actions == [
                .closeListeners(drain: 1, serveQueueUntil: Rig.at(.milliseconds(500))),
                .warn(.acceptLingerShortened(to: .milliseconds(500))),
            ])
        #expect(rig.drain.acceptQueue == .bestEffort)
    }

    @Test func join_bringingTheDeadlineNearer_afterTheListenersClosed_staysLossless() {
        var rig = Rig(.draining)
        rig.pass(.seconds(1))
        rig.listenersClosed()
        rig.postDrain(timeout: .milliseconds(100))
        #expect(rig.actions.isEmpty && rig.drain.acceptQueue == .lossless)
    }

    @Test func join_bringingTheDeadlineNearer_shortensTheSpread() {
        var rig = Rig(.draining, defaults: .spreadOverFourSeconds)
        rig.pass(.seconds(1))
        rig.postDrain(timeout: .seconds(3))
        #expect(
            rig.actions == [
                .markConnections(drain: 1, spreadUntil: Rig.at(.seconds(3)), firstLineGrace: .seconds(1))
            ])
    }

    @Test func join_bringingTheDeadlineNearer_endsModeWaitEarlier() {
        var rig = Rig(.serving)
        rig.postDrain(mode: .wait)
        rig.pass(.seconds(10))
        rig.postDrain(timeout: .milliseconds(500))
        #expect(rig.drain.mode == .close)
        #expect(
            rig.actions == [
                .markConnections(drain: 1, spreadUntil: Rig.at(.seconds(10)), firstLineGrace: .seconds(1))
            ])
    }

    // MARK: Exit codes and results

    @Test(arguments: [
        (DrainTally(), ExitCode.success, DrainResult.clean),
        (DrainTally(forced: 1), .forced, .forced),
        (DrainTally(forced: 1, lostReceived: 1), .lost, .lost),
        (DrainTally(lostSent: 1), .lost, .lost),
    ])
    func exitCode_whenDrained_followsTheTally(tally: DrainTally, code: ExitCode, result: DrainResult) {
        var rig = Rig(.draining)
        #expect(rig.machine.exitCode == nil)
        rig.connectionsEnded(tally)
        #expect(rig.machine.exitCode == code && rig.drain.result == result)
        #expect(rig.machine.result(ofDrain: 1, at: .drained) == result)
        #expect(rig.machine.result(ofDrain: 1, at: .exiting) == nil)
        rig.postShutdown()
        #expect(rig.actions.last == .exit(code))
        #expect(rig.machine.result(ofDrain: 1, at: .exiting) == result)
    }

    @Test func exitCode_isThatOfTheLastDrainThatWasNotTakenBack() {
        var rig = Rig(.draining)
        rig.connectionsEnded(DrainTally(forced: 1, lostSent: 7))
        rig.undrain()
        rig.listenersReopened()
        #expect(rig.machine.exitCode == nil)
        rig.postShutdown()
        rig.connectionsEnded()
        #expect(rig.drain.id == 2 && rig.machine.exitCode == .success)
    }

    @Test func exitCode_whenALossIsCountedWhileExiting_getsWorse() {
        var rig = Rig(.forcing, .exit)
        rig.pass(.milliseconds(500))
        rig.connectionsEnded(DrainTally(forced: 1, lostReceived: 3))
        #expect(rig.actions.isEmpty && rig.machine.exitCode == .lost && rig.drain.result == .lost)
        rig.pass(.milliseconds(1_500))
        #expect(rig.actions == [.exitImmediately(.lost)])
    }

    @Test func exitCode_whenALossWasCountedBeforeForcingIsGivenUp_isLost() {
        var stuck = Rig(.forcing, .exit)
        stuck.tally = DrainTally(lostSent: 7)
        stuck.pass(.milliseconds(500))
        var hurried = Rig(.draining)
        hurried.signalTwice()
        hurried.tally = DrainTally(lostReceived: 1)
        hurried.signal()
        for rig in [stuck, hurried] {
            #expect(rig.actions.first == rig.finishWaiters(drain: 1, .drained, .lost))
            #expect(rig.machine.exitCode == .lost && rig.drain.result == .lost)
        }
    }

    @Test func exitCode_whenForcingWasGivenUp_neverGetsBetter() {
        var rig = Rig(.forcing, .exit)
        rig.pass(.milliseconds(500))
        rig.connectionsEnded()
        #expect(rig.machine.exitCode == .forced)
    }

    @Test func exitCode_ofResults() {
        #expect(DrainResult.allCases.map { ExitCode($0) } == [.success, .forced, .lost, nil])
        #expect(ExitCode.allCases.map(\.rawValue) == [0, 1, 2, 3, 64])
    }

    @Test func bestEffort_neverChangesTheExitCode() {
        var rig = Rig(.draining)
        rig.listenersClosed(.bestEffort)
        rig.connectionsEnded()
        #expect(rig.machine.exitCode == .success)
    }
}
