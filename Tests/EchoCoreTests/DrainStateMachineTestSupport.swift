import Basics
import EchoCore
import Testing
import Wire

/// A machine with a clock that only tests move, and what the last event brought about.
struct Rig {
    /// Where the drain of a rig began, unless a test starts it itself.
    static let start = MonotonicTime(nanoseconds: 1_000_000_000_000)

    var machine: DrainStateMachine
    var now = Rig.start
    /// What is counted of the drain.
    var tally = DrainTally()
    var outcome: DrainReply.Outcome?
    var actions: [DrainAction] = []

    var moment: DrainStateMachine.Moment { .init(now, tally) }
    var state: ServiceState { machine.state }
    var drain: DrainRecord { machine.drain ?? Rig.noDrain }
    var isRefused: Bool {
        guard case .refused = outcome else { return false }
        return actions.isEmpty
    }

    private static let noDrain: DrainRecord = {
        var rig = Rig(.lameDuck)
        rig.undrain()
        return rig.drain
    }()

    /// A machine in that state: lame duck with 5 s of delay, draining with its linger running, forcing at the deadline,
    /// all with 20 s of timeout unless `defaults` say otherwise.
    init(_ state: ServiceState, _ intent: DrainIntent = .hold, defaults: DrainDefaults = DrainDefaults()) {
        machine = DrainStateMachine(defaults: defaults, at: now)
        guard state != .starting else { return }
        _ = machine.listenersBound(at: moment)
        switch state {
        case .starting, .serving: break
        case .lameDuck: request(DrainRequest(intent: intent, delay: .seconds(5)))
        case .draining: request(DrainRequest(intent: intent, delay: .zero))
        case .forcing:
            request(DrainRequest(intent: intent, delay: .zero))
            pass(drain.timeout)
        case .drained:
            request(DrainRequest(intent: intent, delay: .zero))
            connectionsEnded()
        case .exiting:
            request(DrainRequest(intent: .exit, delay: .zero))
            connectionsEnded()
        }
        actions = []
        outcome = nil
    }

    mutating func request(_ request: DrainRequest) {
        (outcome, actions) = machine.drainRequested(request, at: moment)
    }

    mutating func postDrain(mode: DrainMode? = nil, delay: Duration? = nil, timeout: Duration? = nil) {
        request(DrainRequest(intent: .hold, mode: mode, delay: delay, timeout: timeout))
    }

    mutating func postShutdown(mode: DrainMode? = nil, delay: Duration? = nil, timeout: Duration? = nil) {
        request(DrainRequest(intent: .exit, mode: mode, delay: delay, timeout: timeout))
    }

    mutating func signal(_ signal: TerminationSignal = .terminate) {
        actions = machine.signalReceived(signal, at: moment)
    }

    /// A first signal and, after 500 ms, a further one.
    mutating func signalTwice() {
        signal(.terminate)
        now = now + .milliseconds(500)
        signal(.interrupt)
    }

    @discardableResult
    mutating func undrain() -> UndrainOutcome {
        let answer = machine.undrainRequested(at: moment)
        actions = answer.actions
        return answer.outcome
    }

    mutating func listenersReopened(attempt: Int = 1) {
        actions = machine.listenersReopened(attempt: attempt, at: moment)
    }

    mutating func undrainMustWait(attempt: Int = 1) {
        actions = machine.undrainMustWait(attempt: attempt, at: moment)
    }

    mutating func listenersMayReopen(attempt: Int = 1) {
        actions = machine.listenersMayReopen(attempt: attempt, at: moment)
    }

    mutating func undrainFailed(attempt: Int = 1) {
        actions = machine.undrainFailed(attempt: attempt, at: moment)
    }

    mutating func listenersClosed(_ acceptQueue: AcceptQueueGuarantee = .lossless) {
        actions = machine.listenersClosed(drain: drain.id, acceptQueue: acceptQueue, at: moment)
    }

    mutating func connectionsEnded(_ tally: DrainTally = DrainTally()) {
        self.tally = tally
        actions = machine.connectionsEnded(drain: drain.id, at: moment)
    }

    mutating func pass(_ duration: Duration) {
        now = now + duration
        actions = machine.timePassed(at: moment)
    }

    /// The action that answers the waiters for the current drain, which is the one numbered `id` and has `result`.
    func finishWaiters(drain id: Int, _ milestone: DrainMilestone, _ result: DrainResult) -> DrainAction {
        #expect(drain.id == id && drain.result == result)
        return .finishWaiters(drain, milestone)
    }

    /// The time from the start of the drain.
    static func at(_ duration: Duration) -> MonotonicTime { start + duration }
}

extension UndrainOutcome {
    var isRefused: Bool {
        guard case .refused = self else { return false }
        return true
    }
}

extension ServiceState {
    static func except(_ excluded: ServiceState...) -> [ServiceState] { allCases.filter { !excluded.contains($0) } }
}

extension DrainDefaults {
    /// Everything counts in whole seconds, nothing is shortened: linger 1 s, spread 4 s, T = 20 s.
    static let spreadOverFourSeconds = DrainDefaults(spread: .seconds(4))
    static let wait = DrainDefaults(mode: .wait)
    static let abort = DrainDefaults(mode: .abort)
}
