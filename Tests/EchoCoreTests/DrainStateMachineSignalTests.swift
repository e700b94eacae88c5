import Basics
import EchoCore
import Testing
import Wire

/// The three rows of signals and mode abort: a test a cell, and the rules about signals.
@Suite("DrainStateMachine: signals and mode abort")
struct DrainStateMachineSignalTests {
    // MARK: The first TERM or INT

    @Test(arguments: TerminationSignal.allCases)
    func signal_whenStarting_exitsWithSuccess(signal: TerminationSignal) {
        var rig = Rig(.starting)
        rig.signal(signal)
        #expect(rig.actions == [.publishState(.exiting), .exit(.success)])
        #expect(rig.machine.exitCode == .success)
    }

    @Test(arguments: [TerminationSignal.terminate, .interrupt])
    func firstSignal_whenServing_startsWithIntentExit(signal: TerminationSignal) {
        var rig = Rig(.serving)
        rig.signal(signal)
        #expect(rig.state == .draining)
        #expect(rig.drain.intent == .exit && rig.drain.mode == .close && rig.drain.trigger == .signal(signal))
    }

    @Test func firstSignal_whenServing_followsTheDefaults() {
        var rig = Rig(.serving, defaults: DrainDefaults(mode: .wait, delay: .seconds(2), timeout: .seconds(8)))
        rig.signal()
        #expect(rig.state == .lameDuck)
        #expect(rig.drain.mode == .wait && rig.drain.delay == .seconds(2) && rig.drain.timeout == .seconds(8))
    }

    @Test(arguments: [ServiceState.lameDuck, .draining, .forcing])
    func firstSignal_whenDrainRuns_setsIntentExit(state: ServiceState) {
        var rig = Rig(state, .hold)
        rig.signal()
        #expect(rig.state == state && rig.actions.isEmpty)
        #expect(rig.drain.intent == .exit && rig.drain.trigger == .api)
    }

    @Test func firstSignal_whenDrained_exits() {
        var rig = Rig(.drained, .hold)
        rig.signal()
        #expect(rig.state == .exiting && rig.actions.last == .exit(.success))
    }

    @Test func firstSignal_whenExiting_changesNothing() {
        var rig = Rig(.exiting)
        rig.signal()
        #expect(rig.state == .exiting && rig.actions.isEmpty)
    }

    @Test func signal_whenJoining_namesTheDefaultTimeout() {
        var rig = Rig(.serving)
        rig.postDrain(timeout: .seconds(600))
        rig.now = rig.now + .seconds(10)
        rig.signal()
        #expect(rig.drain.deadline == Rig.at(.seconds(30)))
    }

    @Test func signal_whenJoiningModeWait_leavesTheMode() {
        var rig = Rig(.serving)
        rig.postDrain(mode: .wait)
        rig.signal()
        #expect(rig.drain.mode == .wait && rig.state == .draining)
    }

    // MARK: A further TERM or INT

    @Test(arguments: [ServiceState.lameDuck, .draining])
    func furtherSignal_whenDrainRuns_forces(state: ServiceState) {
        var rig = Rig(state)
        rig.signalTwice()
        #expect(rig.actions == [.publishState(.forcing), .closeListenersNow(drain: 1), .cutConnections(drain: 1)])
        #expect(rig.drain.acceptQueue == .bestEffort)
    }

    @Test func furtherSignal_whenListenersAreClosed_staysLossless() {
        var rig = Rig(.draining)
        rig.listenersClosed()
        rig.signalTwice()
        #expect(rig.actions == [.publishState(.forcing), .cutConnections(drain: 1)])
        #expect(rig.drain.acceptQueue == .lossless)
    }

    @Test func furtherSignal_whenForcing_exitsAtOnce() {
        var rig = Rig(.draining)
        rig.signalTwice()
        rig.signal()
        #expect(rig.actions.last == .exitImmediately(.forced))
        #expect(rig.actions.contains(rig.finishWaiters(drain: 1, .drained, .forced)))
        #expect(rig.state == .exiting && rig.machine.exitCode == .forced && rig.machine.nextTimer == nil)
    }

    @Test func furtherSignal_whenDrained_exits() {
        // Intent exit keeps a process that saw a signal from staying drained, unless an undrain came before it.
        var rig = Rig(.draining, .hold)
        rig.signal()
        rig.connectionsEnded()
        #expect(rig.state == .exiting)
    }

    @Test func furtherSignal_whenExiting_exitsAtOnceAndOnlyOnce() {
        var rig = Rig(.exiting)
        rig.signalTwice()
        #expect(rig.actions == [.exitImmediately(.success)])
        rig.signal()
        #expect(rig.actions.isEmpty)
        rig.pass(.seconds(10))
        #expect(rig.actions.isEmpty)
    }

    @Test func furtherSignal_whenServingOrStarting_cannotBe() {
        // The first one has left both for ever: an undrain is refused from then on.
        var rig = Rig(.serving)
        rig.signal()
        #expect(rig.undrain().isRefused)
    }

    @Test func furtherSignal_within500Milliseconds_isTheSameWish() {
        var rig = Rig(.draining)
        rig.signal(.interrupt)
        rig.now = rig.now + .milliseconds(499)
        let before = rig
        rig.signal(.terminate)
        #expect(rig.actions.isEmpty && rig.state == .draining && rig.drain == before.drain)
        rig.now = rig.now + .milliseconds(1)
        rig.signal(.terminate)
        #expect(rig.state == .forcing)
    }

    @Test func quit_isNotTheFirstOfTwo() {
        var rig = Rig(.serving)
        rig.signal(.quit)
        rig.now = rig.now + .milliseconds(10)
        rig.signal(.terminate)
        #expect(rig.state == .forcing && rig.actions.isEmpty)
    }

    // MARK: QUIT and mode abort

    @Test func quit_whenServing_resetsAndSetsIntentExit() {
        var rig = Rig(.serving, defaults: DrainDefaults(delay: .seconds(5), spread: .seconds(5)))
        rig.signal(.quit)
        #expect(rig.actions == [.publishState(.forcing), .closeListenersNow(drain: 1), .resetConnections(drain: 1)])
        #expect(rig.drain.intent == .exit && rig.drain.mode == .abort && rig.drain.delay == .zero)
        #expect(rig.drain.acceptQueue == .bestEffort)
    }

    @Test(arguments: [ServiceState.lameDuck, .draining])
    func quit_whenDrainRuns_resetsAndSetsIntentExit(state: ServiceState) {
        var rig = Rig(state, .hold)
        rig.signal(.quit)
        #expect(rig.state == .forcing && rig.actions.contains(.resetConnections(drain: 1)))
        #expect(rig.drain.intent == .exit && rig.drain.mode == .abort)
    }

    @Test func quit_whenForcing_onlySetsIntentExit() {
        var rig = Rig(.forcing, .hold)
        rig.signal(.quit)
        #expect(rig.state == .forcing && rig.actions.isEmpty && rig.drain.intent == .exit)
    }

    @Test func quit_whenDrained_exits() {
        var rig = Rig(.drained)
        rig.signal(.quit)
        #expect(rig.state == .exiting)
    }

    @Test func quit_whenExiting_changesNothing() {
        var rig = Rig(.exiting)
        rig.signal(.quit)
        #expect(rig.actions.isEmpty)
    }

    @Test(arguments: DrainIntent.allCases)
    func abort_whenStarting_exits(intent: DrainIntent) {
        var rig = Rig(.starting)
        rig.request(DrainRequest(intent: intent, mode: .abort))
        #expect(rig.outcome == .started && rig.state == .exiting && rig.machine.exitCode == .success)
    }

    @Test(arguments: [ServiceState.serving, .lameDuck, .draining], DrainIntent.allCases)
    func abort_beforeForcing_resetsWithTheIntentOfItsVerb(state: ServiceState, intent: DrainIntent) {
        var rig = Rig(state, .hold)
        rig.request(DrainRequest(intent: intent, mode: .abort))
        #expect(rig.state == .forcing && rig.actions.contains(.resetConnections(drain: 1)))
        #expect(rig.drain.intent == intent && rig.drain.mode == .abort)
    }

    @Test(arguments: DrainIntent.allCases)
    func abort_whenForcing_resetsNothingAgain(intent: DrainIntent) {
        var rig = Rig(.forcing, .hold)
        rig.request(DrainRequest(intent: intent, mode: .abort))
        #expect(rig.outcome == .joined && rig.actions.isEmpty && rig.drain.intent == intent)
    }

    @Test func abort_whenDrained_isAsItsVerb() {
        var rig = Rig(.drained)
        rig.postDrain(mode: .abort)
        #expect(rig.outcome == .joined && rig.state == .drained)
        rig.postShutdown(mode: .abort)
        #expect(rig.state == .exiting && rig.machine.exitCode == .success)
    }

    @Test func abort_whenExiting_isAsItsVerb() {
        var rig = Rig(.exiting)
        rig.postDrain(mode: .abort)
        #expect(rig.isRefused)
    }

    @Test func signal_withDefaultModeAbort_resetsADrainThatRuns() {
        var rig = Rig(.serving, defaults: .abort)
        rig.postDrain(mode: .close)
        rig.postDrain()
        #expect(rig.state == .draining)
        rig.signal()
        #expect(rig.state == .forcing && rig.actions.contains(.resetConnections(drain: 1)))
    }

    @Test func postDrain_withDefaultModeAbort_startsByResetting() {
        var rig = Rig(.serving, defaults: .abort)
        rig.postDrain()
        #expect(rig.state == .forcing && rig.drain.mode == .abort)
    }
}
