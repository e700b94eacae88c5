import Basics
import EchoCore
import Testing
import Wire

/// The paragraph "Undrain": what comes while the listeners are being opened.
@Suite("DrainStateMachine: requests behind an undrain")
struct DrainStateMachineQueueTests {
    /// With an undrain under way.
    private static func opening(_ state: ServiceState, _ intent: DrainIntent = .hold) -> Rig {
        var rig = Rig(state, intent)
        rig.undrain()
        return rig
    }

    private static let states = [ServiceState.draining, .drained]

    @Test(arguments: states)
    func request_waitsAndIsTheComingDrain(state: ServiceState) throws {
        var rig = Self.opening(state)
        let before = rig.drain
        rig.now = rig.now + .milliseconds(3)
        rig.postDrain(mode: .wait, delay: .seconds(2))
        #expect(rig.outcome == .started && rig.actions.isEmpty)
        #expect(rig.state == state && rig.drain == before)
        let coming = try #require(rig.machine.comingDrain)
        #expect(coming.id == 2 && coming.mode == .wait && coming.startedAt == rig.now && coming.result == nil)
        #expect(rig.machine.drainToAwait(2) == 2 && rig.machine.result(ofDrain: 2, at: .drained) == nil)
    }

    @Test(arguments: states)
    func listenersReopened_beginsTheComingDrain(state: ServiceState) {
        var rig = Self.opening(state)
        rig.postShutdown(timeout: .seconds(8))
        rig.now = rig.now + .milliseconds(3)
        rig.listenersReopened()
        let end = rig.now + .seconds(1)
        #expect(rig.actions.contains(.publishState(.serving)))
        #expect(
            rig.actions.suffix(3) == [
                .finishUndrain(attempt: 1, .serving), .publishState(.draining),
                .closeListeners(drain: 2, serveQueueUntil: end),
            ])
        // Its time counts from the request.
        #expect(rig.drain.id == 2 && rig.drain.intent == .exit && rig.drain.deadline == Rig.at(.seconds(8)))
        #expect(rig.machine.comingDrain == nil && rig.machine.result(ofDrain: 1, at: .exiting) == .undrained)
    }

    @Test func listenersReopened_withADelay_isLameDuck() {
        var rig = Self.opening(.drained)
        rig.postDrain(delay: .seconds(2))
        rig.listenersReopened()
        #expect(rig.state == .lameDuck && rig.machine.nextTimer == Rig.at(.seconds(2)))
    }

    @Test func secondRequest_joinsTheComingDrain() {
        var rig = Self.opening(.draining)
        rig.postDrain(mode: .wait, delay: .seconds(9), timeout: .seconds(10))
        rig.postShutdown(mode: .close, timeout: .seconds(6))
        #expect(rig.outcome == .joined && rig.actions == [.warn(.delayShortened(to: .seconds(3)))])
        rig.listenersReopened()
        #expect(rig.state == .lameDuck && rig.drain.id == 2)
        #expect(rig.drain.intent == .exit && rig.drain.mode == .close && rig.drain.timeout == .seconds(6))
    }

    @Test(arguments: states)
    func requestThatLeavesNoTime_isRefused(state: ServiceState) {
        let before = Self.opening(state)
        var rig = before
        rig.postDrain(delay: .seconds(30))
        #expect(rig.isRefused && rig.machine == before.machine)
    }

    @Test(arguments: states)
    func undrainFailed_joinsTheDrainThatGoesOn(state: ServiceState) {
        var rig = Self.opening(state)
        rig.postDrain(mode: .wait, timeout: .seconds(3))
        rig.now = rig.now + .milliseconds(500)
        rig.undrainFailed()
        #expect(rig.actions.starts(with: [.moveWaiters(from: 2, to: 1), .finishUndrain(attempt: 1, .failed)]))
        #expect(rig.state == state && rig.machine.comingDrain == nil)
        #expect(rig.machine.drainToAwait(2) == 1)
        // As if it had joined when it was asked for; a drain that is over keeps its time.
        #expect(rig.drain.deadline == Rig.at(.seconds(state == .draining ? 3 : 20)) && rig.drain.mode == .close)
    }

    @Test func undrainFailed_withAShutdownQueued_exitsWhenDrained() {
        var rig = Self.opening(.drained)
        rig.postShutdown()
        rig.undrainFailed()
        #expect(rig.state == .exiting && rig.actions.last == .exit(.success))
    }

    @Test(arguments: states)
    func secondUndrain_takesTheQueueBack(state: ServiceState) {
        var rig = Self.opening(state)
        rig.postShutdown()
        #expect(rig.undrain() == .opening(attempt: 1))
        #expect(rig.actions == [.moveWaiters(from: 2, to: 1)] && rig.machine.comingDrain == nil)
        rig.listenersReopened()
        #expect(rig.state == .serving && rig.actions.last == .finishUndrain(attempt: 1, .serving))
        rig.postDrain()
        #expect(rig.drain.id == 2)
    }

    // MARK: A first signal

    @Test(arguments: states)
    func firstSignal_waitsAndThenExits(state: ServiceState) {
        var rig = Self.opening(state)
        rig.signal()
        #expect(rig.actions.isEmpty && rig.state == state)
        #expect(rig.undrain().isRefused)
        rig.listenersReopened()
        #expect(rig.state == .draining && rig.drain.trigger == .signal(.terminate) && rig.drain.intent == .exit)
        #expect(rig.undrain().isRefused)
    }

    // MARK: What does not wait

    private static func check(_ rig: Rig, isIn state: ServiceState) {
        #expect(rig.state == state && rig.machine.comingDrain == nil)
        #expect(
            rig.actions.contains {
                guard case .finishUndrain(attempt: 1, .refused) = $0 else { return false }
                return true
            })
        #expect(rig.actions.contains(.moveWaiters(from: 2, to: 1)))
        var late = rig
        late.listenersReopened()
        #expect(late.actions.isEmpty && late.machine == rig.machine)
        late.undrainFailed()
        #expect(late.actions.isEmpty && late.machine == rig.machine)
    }

    @Test(arguments: [(ServiceState.draining, ServiceState.forcing), (.drained, .exiting)])
    func quit_overtakesTheUndrain(state: ServiceState, becomes: ServiceState) {
        var rig = Self.opening(state)
        rig.postDrain()
        rig.signal(.quit)
        Self.check(rig, isIn: becomes)
        #expect(rig.drain.id == 1 && rig.drain.intent == .exit)
    }

    @Test(arguments: [(ServiceState.draining, ServiceState.forcing), (.drained, .exiting)])
    func furtherSignal_overtakesTheUndrain(state: ServiceState, becomes: ServiceState) {
        var rig = Self.opening(state)
        rig.signalTwice()
        Self.check(rig, isIn: becomes)
        #expect(rig.drain.id == 1 && rig.drain.trigger == .api)
    }

    @Test(arguments: [(ServiceState.draining, ServiceState.forcing), (.drained, .drained)])
    func modeAbort_overtakesTheUndrain(state: ServiceState, becomes: ServiceState) {
        var rig = Self.opening(state)
        rig.postDrain()
        rig.postDrain(mode: .abort)
        Self.check(rig, isIn: becomes)
        #expect(rig.outcome == .joined && rig.actions.contains(.closeListenersNow(drain: 1)))
    }

    @Test func forcing_whenTheListenersWereClosed_closesWhatWasReopened() {
        var rig = Rig(.draining)
        rig.listenersClosed()
        rig.undrain()
        rig.signal(.quit)
        #expect(rig.actions.contains(.closeListenersNow(drain: 1)) && rig.drain.acceptQueue == .bestEffort)
    }

    @Test func deadline_overtakesTheUndrain_andTheQueueJoins() {
        var rig = Self.opening(.draining)
        rig.postShutdown(timeout: .seconds(60))
        rig.pass(.seconds(20))
        Self.check(rig, isIn: .forcing)
        #expect(rig.drain.intent == .exit)
    }

    @Test(arguments: [(ServiceState.draining, ServiceState.forcing), (.drained, .exiting)])
    func deadlineOfTheComingDrain_overtakesTheUndrain(state: ServiceState, becomes: ServiceState) {
        var rig = Self.opening(state)
        rig.postShutdown(timeout: .seconds(2))
        rig.pass(.seconds(1))
        rig.pass(.seconds(1))
        #expect(rig.state == becomes && rig.drain.id == 1 && rig.machine.comingDrain == nil)
    }

    // MARK: An undrain that waits for listeners of former drains

    private static func isOvertaken(_ rig: Rig) -> Bool {
        rig.actions.contains {
            guard case .finishUndrain(attempt: 1, .refused) = $0 else { return false }
            return true
        }
    }

    private static func waiting() -> Rig {
        var rig = opening(.draining)
        rig.undrainMustWait()
        #expect(rig.actions.isEmpty && rig.state == .draining)
        return rig
    }

    @Test func waitingUndrain_opensWhenThereIsRoom() {
        var rig = Self.waiting()
        #expect(rig.undrain() == .opening(attempt: 1) && rig.actions.isEmpty)
        rig.listenersMayReopen()
        #expect(rig.actions == [.openListeners(attempt: 1)])
        rig.postDrain()
        #expect(rig.outcome == .started && rig.machine.comingDrain?.id == 2)
        rig.listenersReopened()
        #expect(rig.drain.id == 2)
    }

    @Test func waitingUndrain_isOvertakenByWhateverComes() {
        for event: (inout Rig) -> Void in [
            { $0.postDrain() }, { $0.postShutdown() }, { $0.signal() }, { $0.signal(.quit) },
            {
                $0.now = $0.drain.deadline; $0.pass(.zero)
            },
        ] {
            var rig = Self.waiting()
            event(&rig)
            #expect(Self.isOvertaken(rig) && rig.drain.id == 1 && rig.machine.comingDrain == nil)
            rig.listenersMayReopen()
            #expect(!rig.actions.contains(.openListeners(attempt: 1)))
        }
    }

    @Test func requestBeforeTheWait_overtakesToo() {
        var rig = Self.opening(.draining)
        rig.postShutdown()
        rig.undrainMustWait()
        #expect(Self.isOvertaken(rig) && rig.actions.contains(.moveWaiters(from: 2, to: 1)))
        #expect(rig.drain.id == 1 && rig.drain.intent == .exit)
    }
}
