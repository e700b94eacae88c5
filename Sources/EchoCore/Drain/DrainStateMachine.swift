package import Basics
package import Wire

/// The life of the service, from its start to its end (contract.md, section 3): decides, does nothing.
///
/// Every event is a function named in the past tense; it gets the moment at which it came and returns the actions to be
/// done, in order. Due timers are taken into account first, so the outcome does not depend on whether a timer or an
/// event that came after it is delivered first. Time never goes back: an earlier one counts as the latest seen.
///
/// The owner keeps the only copy behind a lock, queues the actions inside the critical section, and calls
/// `timePassed(at:)` at `nextTimer`, which every event may change.
package struct DrainStateMachine: Hashable, Sendable {
    /// What is known when an event comes.
    package struct Moment: Hashable, Sendable {
        var time: MonotonicTime
        /// What is counted so far of the current drain.
        let tally: DrainTally

        package init(_ time: MonotonicTime, _ tally: DrainTally) {
            self.time = time
            self.tally = tally
        }
    }

    enum Stage: Hashable, Sendable {
        /// The listeners are being bound.
        /// Exits: `serving` (all bound), `exiting` (a bind failed, shutdown, any signal, either verb in mode abort).
        case starting
        /// Ready. Exits: `lameDuck` (a drain with a delay), `draining` (without), `forcing` (mode abort).
        case serving(last: DrainRecord?)
        /// Not ready, still accepting, nothing closed. Exits: `draining` (the delay is over), `serving` (undrain),
        /// `forcing` (mode abort, a further signal).
        case lameDuck(DrainRecord)
        /// Exits: `drained` (listeners closed and no connection left), `serving` (the undrain's listeners are open),
        /// `forcing` (deadline, mode abort, a further signal).
        case draining(DrainRecord, Draining)
        /// Connections are being cut. Exits: `drained` (none is left), `exiting` (intent exit and the time is over, or
        /// a further signal). With intent hold it lasts as long as a connection does.
        case forcing(DrainRecord, until: MonotonicTime)
        /// Everything is closed. Exits: `exiting` (intent exit, at once unless an undrain is under way), `serving` (the
        /// undrain's listeners are open).
        case drained(DrainRecord, Undrain?)
        /// The orderly end. Exits: the process's end, at the latest when `until` has passed.
        case exiting(DrainRecord?, Exiting)
    }

    struct Draining: Hashable, Sendable {
        enum Phase: Hashable, Sendable {
            /// The accept queue is served. Exits: `waiting` (mode wait), `closing` (mode close).
            case accepting(until: MonotonicTime)
            /// Mode wait. Exits: `closing` (shortly before the deadline, or a join with mode close).
            case waiting
            /// Connections are marked. Exits: only with `draining` itself.
            case closing(since: MonotonicTime, spreadUntil: MonotonicTime)
        }

        let since: MonotonicTime
        var phase: Phase
        var listenersAreClosed = false
        var undrain: Undrain?
    }

    /// An undrain whose listeners are being opened. A request that comes meanwhile begins a new drain when they accept,
    /// and joins the drain that goes on when they do not.
    struct Undrain: Hashable, Sendable {
        struct Queued: Hashable, Sendable {
            let request: DrainRequest
            let askedAt: MonotonicTime
        }

        let attempt: Int
        /// Too many listeners of former drains still serve their queues: it has opened nothing, and whatever comes
        /// overtakes it.
        var isWaiting = false
        var queue: [Queued] = []
        /// The drain that the queue comes to; nil while the queue is empty.
        var coming: DrainRecord?
    }

    struct Exiting: Hashable, Sendable {
        var code: ExitCode
        let until: MonotonicTime
        /// `exitImmediately` was returned: nothing else ever will be.
        var isOver = false
    }

    /// How long cutting may take before a process with intent exit exits anyway.
    package static let forcingLimit = Duration.milliseconds(500)
    /// How long the orderly end may take: with forcing and the time the process needs to go, T + 2 s.
    package static let exitingLimit = Duration.milliseconds(1400)
    /// A further signal that comes sooner after the first is the same wish: Ctrl-C reaches a group, supervisors repeat.
    package static let furtherSignalAfter = Duration.milliseconds(500)
    package static let timeoutBounds = ServiceLimits.drainTimeout

    package let defaults: DrainDefaults
    package internal(set) var enteredStateAt: MonotonicTime
    var stage = Stage.starting
    /// Of TERM and INT; a process that has seen one is never undrained.
    var firstSignalAt: MonotonicTime?
    /// Attempts to undrain so far: a report that comes after its undrain was overtaken is known by its number.
    var undrainAttempts = 0
    /// The latest time seen.
    var clock: MonotonicTime

    /// `defaults` are clamped to what the options allow; the option parser refuses them instead.
    package init(defaults: DrainDefaults, at now: MonotonicTime) {
        var defaults = defaults
        let bounds = Self.timeoutBounds
        defaults.timeout = min(max(defaults.timeout, bounds.lowerBound), bounds.upperBound)
        defaults.delay = min(max(defaults.delay, .zero), defaults.timeout - .milliseconds(1))
        defaults.spread = min(max(defaults.spread, .zero), bounds.upperBound)
        defaults.acceptLinger = min(max(defaults.acceptLinger, .zero), bounds.upperBound)
        self.defaults = defaults
        enteredStateAt = now
        clock = now
    }
}

// MARK: - What is the case

extension DrainStateMachine {
    package var state: ServiceState {
        switch stage {
        case .starting: .starting
        case .serving: .serving
        case .lameDuck: .lameDuck
        case .draining: .draining
        case .forcing: .forcing
        case .drained: .drained
        case .exiting: .exiting
        }
    }

    /// The current drain or the last one; nil before the first.
    package var drain: DrainRecord? {
        switch stage {
        case .starting: nil
        case .serving(let last): last
        case .lameDuck(let record), .draining(let record, _), .forcing(let record, _), .drained(let record, _): record
        case .exiting(let record, _): record
        }
    }

    /// The drain that was asked for while an undrain is under way, and begins when the undrain succeeds.
    package var comingDrain: DrainRecord? { undrain?.coming }

    /// Of draining and drained.
    var undrain: Undrain? {
        get {
            switch stage {
            case .draining(_, let draining): draining.undrain
            case .drained(_, let undrain): undrain
            case .starting, .serving, .lameDuck, .forcing, .exiting: nil
            }
        }
        set {
            switch stage {
            case .draining(let record, var draining):
                draining.undrain = newValue
                stage = .draining(record, draining)
            case .drained(let record, _): stage = .drained(record, newValue)
            case .starting, .serving, .lameDuck, .forcing, .exiting: break
            }
        }
    }

    /// What the process would end with; nil until drained.
    package var exitCode: ExitCode? {
        switch stage {
        case .starting, .serving, .lameDuck, .draining, .forcing: nil
        case .drained(let record, _): record.result.flatMap { ExitCode($0) }
        case .exiting(_, let exiting): exiting.code
        }
    }

    /// The drain to wait for on behalf of a client that asked for drain `id`. If that drain never began, its request has
    /// joined the drain that went on.
    package func drainToAwait(_ id: Int) -> Int { min(id, (comingDrain ?? drain)?.id ?? id) }

    /// The result of the drain `id` at `milestone`: nil while it is not reached and there is something to wait for.
    package func result(ofDrain id: Int, at milestone: DrainMilestone) -> DrainResult? {
        guard let drain else { return nil }
        // A new drain can only begin after the one before was taken back.
        guard drain.id == id else { return id < drain.id ? .undrained : nil }
        switch milestone {
        case .drained: return drain.result
        case .exiting: return state == .exiting || drain.result == .undrained ? drain.result : nil
        }
    }
}
