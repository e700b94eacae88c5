import EchoCore
import Testing
import Wire

/// The rows "all bound", `POST /drain` and `POST /shutdown` of contract.md, section 3: a test a cell.
@Suite("DrainStateMachine: start and requests")
struct DrainStateMachineRequestTests {
    @Test func listenersBound_whenStarting_serves() {
        var rig = Rig(.starting)
        #expect(rig.machine.listenersBound(at: rig.moment) == [.publishState(.serving)])
        #expect(rig.state == .serving)
        #expect(rig.machine.drain == nil && rig.machine.exitCode == nil && rig.machine.nextTimer == nil)
    }

    @Test func startFailed_whenStarting_exitsWithFailure() {
        var rig = Rig(.starting)
        #expect(rig.machine.startFailed(at: rig.moment) == [.publishState(.exiting), .exit(.failure)])
        #expect(rig.machine.exitCode == .failure)
    }

    @Test(arguments: ServiceState.except(.starting))
    func listenersBound_whenNotStarting_changesNothing(state: ServiceState) {
        let before = Rig(state)
        var rig = before
        #expect(rig.machine.listenersBound(at: rig.moment).isEmpty)
        #expect(rig.machine == before.machine)
    }

    @Test(arguments: ServiceState.except(.starting))
    func startFailed_whenNotStarting_changesNothing(state: ServiceState) {
        let before = Rig(state)
        var rig = before
        #expect(rig.machine.startFailed(at: rig.moment).isEmpty)
        #expect(rig.machine == before.machine)
    }

    // MARK: POST /drain

    @Test func postDrain_whenStarting_isRefused() {
        var rig = Rig(.starting)
        rig.postDrain()
        #expect(rig.isRefused && rig.state == .starting)
    }

    @Test func postDrain_whenServing_startsWithIntentHold() {
        var rig = Rig(.serving)
        rig.postDrain()
        #expect(rig.outcome == .started)
        #expect(rig.state == .draining)
        #expect(rig.drain.intent == .hold && rig.drain.id == 1 && rig.drain.trigger == .api)
        #expect(
            rig.actions == [
                .publishState(.draining), .closeListeners(drain: 1, serveQueueUntil: Rig.at(.seconds(1))),
            ])
    }

    @Test func postDrain_whenServingWithDelay_isLameDuck() {
        var rig = Rig(.serving)
        rig.postDrain(delay: .seconds(5))
        #expect(rig.outcome == .started && rig.state == .lameDuck)
        #expect(rig.actions == [.publishState(.lameDuck)])
        #expect(rig.machine.nextTimer == Rig.at(.seconds(5)))
    }

    @Test(arguments: [ServiceState.lameDuck, .draining, .forcing])
    func postDrain_whenDrainRuns_joins(state: ServiceState) {
        var rig = Rig(state, .exit)
        rig.postDrain()
        #expect(rig.outcome == .joined && rig.state == state && rig.actions.isEmpty)
        #expect(rig.drain.intent == .exit && rig.drain.id == 1)
    }

    @Test func postDrain_whenDrained_isAlreadyOver() {
        let before = Rig(.drained)
        var rig = before
        rig.postDrain(mode: .wait, timeout: .seconds(1))
        #expect(rig.outcome == .joined && rig.actions.isEmpty)
        #expect(rig.machine == before.machine)
    }

    @Test func postDrain_whenExiting_isRefused() {
        var rig = Rig(.exiting)
        rig.postDrain()
        #expect(rig.isRefused && rig.state == .exiting)
    }

    // MARK: POST /shutdown

    @Test func postShutdown_whenStarting_exits() {
        var rig = Rig(.starting)
        rig.postShutdown()
        #expect(rig.outcome == .started)
        #expect(rig.actions == [.publishState(.exiting), .exit(.success)])
    }

    @Test func postShutdown_whenServing_startsWithIntentExit() {
        var rig = Rig(.serving)
        rig.postShutdown()
        #expect(rig.outcome == .started && rig.state == .draining)
        #expect(rig.drain.intent == .exit)
    }

    @Test(arguments: [ServiceState.lameDuck, .draining, .forcing])
    func postShutdown_whenDrainRuns_setsIntentExit(state: ServiceState) {
        var rig = Rig(state, .hold)
        rig.postShutdown()
        #expect(rig.outcome == .joined && rig.state == state && rig.actions.isEmpty)
        #expect(rig.drain.intent == .exit)
    }

    @Test func postShutdown_whenForcingIsOverdue_exits() {
        var rig = Rig(.forcing, .hold)
        rig.pass(.seconds(60))
        #expect(rig.state == .forcing)
        rig.postShutdown()
        #expect(rig.state == .exiting && rig.machine.exitCode == .forced)
    }

    @Test func postShutdown_whenDrained_exits() {
        var rig = Rig(.drained, .hold)
        rig.postShutdown()
        #expect(rig.outcome == .joined && rig.drain.intent == .exit)
        #expect(
            rig.actions == [.publishState(.exiting), rig.finishWaiters(drain: 1, .exiting, .clean), .exit(.success)])
    }

    @Test func postShutdown_whenExiting_isAccepted() {
        let before = Rig(.exiting)
        var rig = before
        rig.postShutdown(mode: .abort)
        #expect(rig.outcome == .joined && rig.actions.isEmpty)
        #expect(rig.machine == before.machine)
    }

    // MARK: Values that cannot be meant

    @Test(arguments: [
        DrainRequest(intent: .hold, timeout: .milliseconds(99)),
        DrainRequest(intent: .hold, timeout: .seconds(86_401)),
        DrainRequest(intent: .hold, delay: .seconds(-1)),
        DrainRequest(intent: .hold, delay: .seconds(3), timeout: .seconds(3)),
        DrainRequest(intent: .hold, delay: .seconds(1 << 60)),
    ])
    func drainRequested_withUnsoundValues_isRefusedInEveryState(request: DrainRequest) {
        for state in ServiceState.allCases {
            let before = Rig(state)
            var rig = before
            rig.request(request)
            #expect(rig.isRefused)
            #expect(rig.machine == before.machine)
        }
    }

    @Test func drainRequested_withDelayNotBelowTheDefaultTimeout_isRefused() {
        var rig = Rig(.serving)
        rig.postDrain(delay: .seconds(20))
        #expect(rig.isRefused && rig.state == .serving)
        rig.postDrain(delay: .milliseconds(19_999))
        #expect(rig.outcome == .started)
    }

    @Test func defaults_outOfBounds_areClamped() {
        let wild = DrainDefaults(
            delay: .seconds(9), timeout: .zero, spread: .seconds(-1), acceptLinger: .seconds(1 << 60))
        let machine = DrainStateMachine(defaults: wild, at: Rig.start)
        #expect(machine.defaults.timeout == .milliseconds(100))
        #expect(machine.defaults.delay == .milliseconds(99))
        #expect(machine.defaults.spread == .zero && machine.defaults.acceptLinger == .seconds(86_400))
    }
}
