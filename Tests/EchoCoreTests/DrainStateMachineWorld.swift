import Basics
import EchoCore
import Testing
import Wire

/// A machine and all that surrounds it, as far as it matters: three connections, the listeners, and how many requests,
/// signals, undrains and waits are still to come. The data plane may be as slow as it likes, or silent.
struct World: Hashable {
    enum Listening: Hashable {
        case open, closing, closed
    }

    enum Event: Hashable {
        case listenersBound, startFailed
        case request(DrainRequest)
        case signal(TerminationSignal)
        case undrain, listenersReopened, undrainFailed, undrainMustWait, listenersMayReopen
        case listenersClosed
        case connectionEnded(World.End)
        case connectionsEnded
        case timerDue, halfASecond
    }

    enum End: Hashable, CaseIterable {
        case clean, forced, lost
    }

    /// What may be asked for, and how often; a narrow scope can be explored deeper.
    struct Scope: Sendable, CustomTestStringConvertible {
        var name: String
        var requests: [DrainRequest]
        var limits: Limits
        /// The number of events in a row.
        var depth: Int

        var testDescription: String { name }
    }

    struct Limits: Hashable {
        var requests = 2
        var signals = 2
        var undrains = 2
        var waits = 1
    }

    /// Every kind of verb, mode, delay and nearer deadline.
    static let allRequests = [
        DrainRequest(intent: .hold),
        DrainRequest(intent: .hold, delay: .seconds(5)),
        DrainRequest(intent: .hold, mode: .wait),
        DrainRequest(intent: .hold, mode: .abort),
        DrainRequest(intent: .hold, delay: .zero, timeout: .seconds(2)),
        DrainRequest(intent: .exit, mode: .close),
        DrainRequest(intent: .exit, mode: .wait, delay: .seconds(5), timeout: .seconds(8)),
        DrainRequest(intent: .exit, mode: .abort),
        DrainRequest(intent: .exit, timeout: .seconds(3)),
    ]

    static let connections = 3

    var machine = DrainStateMachine(defaults: DrainDefaults(spread: .seconds(4)), at: Rig.start)
    var now = Rig.start
    var listeners = Listening.open
    var open = World.connections
    var endedClean = 0
    /// Of the current drain, and of those before it.
    var tally = DrainTally()
    var formerlyCut = 0
    var isReported = false
    /// The connections were told to end by force.
    var isCut = false
    /// Attempts to open listeners that have not been reported, and the one whose answer is owed.
    var attempts: [Int] = []
    var owedUndrain: Int?
    /// The attempt that waits until fewer listeners of former drains are open.
    var waiting: Int?
    /// Milestones of the current drain that were answered.
    var isDrainedTold = false
    var isExitingTold = false
    var intentExitAt: MonotonicTime?
    var isExiting = false
    var isGone = false

    var hasSeenSignal = false
    /// How often it may still be asked.
    var left: Limits

    init(_ scope: Scope) { left = scope.limits }

    var moment: DrainStateMachine.Moment { .init(now, tally) }
    var isEveryoneTold: Bool { isDrainedTold && isExitingTold }
    var endedConnections: Int { endedClean + tally.forced + formerlyCut }

    /// All that can happen next.
    func events(_ scope: Scope) -> [Event] {
        guard !isGone else { return [] }
        var events: [Event] = []
        if machine.state == .starting { events += [.listenersBound, .startFailed] }
        if left.requests > 0 { events += scope.requests.map(Event.request) }
        if left.signals > 0 { events += [.signal(.terminate), .signal(.quit)] }
        if left.undrains > 0 { events.append(.undrain) }
        if !attempts.isEmpty { events += [.listenersReopened, .undrainFailed, .undrainMustWait] }
        if waiting != nil { events.append(.listenersMayReopen) }
        if listeners == .closing { events.append(.listenersClosed) }
        if open > 0, machine.state != .starting {
            events.append(.connectionEnded(.clean))
            if isCut { events += [.connectionEnded(.forced), .connectionEnded(.lost)] }
        }
        if listeners == .closed, open == 0, !isReported { events.append(.connectionsEnded) }
        if machine.nextTimer != nil { events.append(.timerDue) }
        if left.waits > 0, machine.state != .starting { events.append(.halfASecond) }
        return events
    }

    struct Answer {
        var actions: [DrainAction] = []
        var isRefused = false
    }

    /// Lets `event` happen. Actions are carried out by `perform`.
    mutating func happen(_ event: Event) -> Answer {
        switch event {
        case .listenersBound: return Answer(actions: machine.listenersBound(at: moment))
        case .startFailed: return Answer(actions: machine.startFailed(at: moment))
        case .request(let request):
            left.requests -= 1
            let (outcome, actions) = machine.drainRequested(request, at: moment)
            guard case .refused = outcome else { return Answer(actions: actions) }
            return Answer(actions: actions, isRefused: true)
        case .signal(let signal):
            left.signals -= 1
            hasSeenSignal = true
            return Answer(actions: machine.signalReceived(signal, at: moment))
        case .undrain:
            left.undrains -= 1
            let (outcome, actions) = machine.undrainRequested(at: moment)
            return Answer(actions: actions, isRefused: outcome.isRefused)
        case .listenersReopened:
            return Answer(actions: machine.listenersReopened(attempt: attempts.removeFirst(), at: moment))
        case .undrainFailed:
            return Answer(actions: machine.undrainFailed(attempt: attempts.removeFirst(), at: moment))
        case .undrainMustWait:
            let attempt = attempts.removeFirst()
            waiting = attempt
            return Answer(actions: machine.undrainMustWait(attempt: attempt, at: moment))
        case .listenersMayReopen:
            defer { waiting = nil }
            return Answer(actions: machine.listenersMayReopen(attempt: waiting ?? 0, at: moment))
        case .listenersClosed, .connectionEnded, .connectionsEnded:
            return Answer(actions: report(event))
        case .timerDue:
            now = machine.nextTimer ?? now
            return Answer(actions: machine.timePassed(at: moment))
        case .halfASecond:
            left.waits -= 1
            now = min(now + .milliseconds(500), machine.nextTimer ?? .init(nanoseconds: .max))
            return Answer(actions: machine.timePassed(at: moment))
        }
    }

    private mutating func report(_ event: Event) -> [DrainAction] {
        let id = machine.drain?.id ?? 0
        switch event {
        case .listenersClosed:
            listeners = .closed
            return machine.listenersClosed(drain: id, acceptQueue: .lossless, at: moment)
        case .connectionEnded(let end):
            open -= 1
            switch end {
            case .clean: endedClean += 1
            case .forced: tally.forced += 1
            case .lost:
                tally.forced += 1
                tally.lostSent += 1
            }
            return []
        case .connectionsEnded:
            isReported = true
            return machine.connectionsEnded(drain: id, at: moment)
        case .listenersBound, .startFailed, .request, .signal, .undrain, .listenersReopened, .undrainFailed,
            .undrainMustWait, .listenersMayReopen, .timerDue, .halfASecond:
            return []
        }
    }

    /// Whether nobody had been told of that milestone before.
    mutating func tell(_ milestone: DrainMilestone) -> Bool {
        switch milestone {
        case .drained:
            defer { isDrainedTold = true }
            return !isDrainedTold
        case .exiting:
            defer { isExitingTold = true }
            return !isExitingTold
        }
    }

    /// A new drain has a count of its own.
    mutating func beginDrain() {
        formerlyCut += tally.forced
        tally = DrainTally()
        listeners = .open
        isCut = false
        isReported = false
        isDrainedTold = false
        isExitingTold = false
        intentExitAt = nil
    }
}
