internal import Basics
package import Wire

// MARK: - Requests and signals

extension DrainStateMachine {
    /// `POST /drain` (intent hold), `GET /prestop` (hold) or `POST /shutdown` (exit).
    /// `.refused` carries a sentence for a person; then nothing has happened.
    package mutating func drainRequested(
        _ request: DrainRequest, at moment: Moment
    ) -> (outcome: DrainReply.Outcome, actions: [DrainAction]) {
        let now = advanceClock(to: moment)
        let due = runTimers(at: now)
        if let objection = objection(to: request) { return (.refused(objection), due) }
        let (outcome, actions) = take(request, at: now)
        return (outcome, due + actions + runTimers(at: now))
    }

    /// TERM, INT or QUIT. A first TERM or INT is a shutdown; QUIT is one in mode abort.
    package mutating func signalReceived(_ signal: TerminationSignal, at moment: Moment) -> [DrainAction] {
        let now = advanceClock(to: moment)
        let due = runTimers(at: now)
        var request = DrainRequest(intent: .exit, trigger: .signal(signal), timeout: defaults.timeout)
        switch signal {
        case .quit:
            request.mode = .abort
        case .terminate, .interrupt:
            if let first = firstSignalAt {
                guard now.time - first >= Self.furtherSignalAfter else { return due }
                return due + furtherSignal(at: now) + runTimers(at: now)
            }
            firstSignalAt = now.time
            // A signal joins a running drain without a mode of its own, except abort (contract.md, section 3).
            request.mode = defaults.mode == .abort ? .abort : nil
        }
        return due + take(request, at: now).actions + runTimers(at: now)
    }

    private mutating func furtherSignal(at now: Moment) -> [DrainAction] {
        switch stage {
        case .starting, .serving:
            return []
        case .lameDuck(var record):
            record.intent = .exit
            return enterForcing(record, draining: nil, by: .cutting, due: now.time, at: now)
        case .draining(var record, let draining):
            record.intent = .exit
            return enterForcing(record, draining: draining, by: .cutting, due: now.time, at: now)
        case .forcing(var record, _):
            record.intent = .exit
            return giveUpForcing(record, due: now.time, at: now, isHurried: true)
        case .drained(var record, let undrain):
            record.intent = .exit
            return stayDrained(record, without: undrain, Self.overtaken, due: now.time, at: now)
        case .exiting(let record, var exiting):
            guard !exiting.isOver else { return [] }
            exiting.isOver = true
            stage = .exiting(record, exiting)
            return [.exitImmediately(exiting.code)]
        }
    }

    /// A request whose values are valid.
    private mutating func take(
        _ request: DrainRequest, at now: Moment
    ) -> (outcome: DrainReply.Outcome, actions: [DrainAction]) {
        if case .draining(_, let draining) = stage, let undrain = draining.undrain, undrain.isWaiting {
            let refusal = giveUp(undrain, .refused(Self.overtaken), at: now)
            let (outcome, actions) = take(request, at: now)
            return (outcome, refusal + actions)
        }
        if let answer = queue(request, at: now) { return answer }
        switch stage {
        case .starting:
            guard request.intent == .exit || request.mode == .abort else {
                return (.refused(Self.stillStarting + " Try again when GET /startupz answers 200."), [])
            }
            return (.started, enterExiting(nil, due: now.time, at: now))
        case .serving(let last):
            return start(request, id: (last?.id ?? 0) + 1, at: now)
        case .lameDuck(let record):
            return (.joined, joinLameDuck(record, request, at: now))
        case .draining(let record, let draining):
            return (.joined, joinDraining(record, draining, request, at: now))
        case .forcing(var record, let until):
            // With intent exit the timer counts from now on, and may be due.
            record.join(request, at: now.time)
            stage = .forcing(record, until: until)
            return (.joined, [])
        case .drained(let record, let undrain):
            return (.joined, joinDrained(record, undrain, request, at: now))
        case .exiting:
            switch request.intent {
            case .hold: return (.refused(Self.processIsExiting), [])
            case .exit: return (.joined, [])
            }
        }
    }

    private mutating func start(
        _ request: DrainRequest, id: Int, at now: Moment
    ) -> (outcome: DrainReply.Outcome, actions: [DrainAction]) {
        switch plan(request, id: id, at: now.time) {
        case .drain(let record): (.started, begin(record, at: now))
        case .refused(let reason): (.refused(reason), [])
        }
    }

    enum Plan {
        case drain(DrainRecord), refused(String)
    }

    /// The drain that a request starts when there is none to join.
    func plan(_ request: DrainRequest, id: Int, at time: MonotonicTime) -> Plan {
        let mode = request.mode ?? defaults.mode
        let delay = mode == .abort ? .zero : request.delay ?? defaults.delay
        let timeout = request.timeout ?? defaults.timeout
        guard delay < timeout else { return .refused(delayObjection(delay, timeout)) }
        return .drain(
            DrainRecord(
                id: id, intent: request.intent, mode: mode, trigger: request.trigger, startedAt: time, delay: delay,
                deadline: time + timeout, acceptQueue: defaults.acceptQueue))
    }

    mutating func begin(_ record: DrainRecord, at now: Moment) -> [DrainAction] {
        switch record.mode {
        case .abort: enterForcing(record, draining: nil, by: .resetting, due: now.time, at: now)
        case .wait, .close: record.delay > .zero ? enterLameDuck(record, at: now) : enterDraining(record, at: now)
        }
    }
}

// MARK: - Joining

extension DrainStateMachine {
    static var stillStarting: String { "The service is still starting." }
    static var processIsExiting: String { "The process is exiting. Send the request to the process that follows it." }
    static var overtaken: String {
        "A later request or signal overtook this undrain. Read GET /status, then decide again."
    }

    private mutating func joinLameDuck(
        _ record: DrainRecord, _ request: DrainRequest, at now: Moment
    ) -> [DrainAction] {
        var record = record
        record.join(request, at: now.time)
        switch record.mode {
        case .abort:
            return enterForcing(record, draining: nil, by: .resetting, due: now.time, at: now)
        case .wait, .close:
            let warning = record.joinDelay(request, at: now.time)
            stage = .lameDuck(record)
            return warning.map { [.warn($0)] } ?? []
        }
    }

    private mutating func joinDraining(
        _ record: DrainRecord, _ draining: Draining, _ request: DrainRequest, at now: Moment
    ) -> [DrainAction] {
        var record = record
        record.join(request, at: now.time)
        switch record.mode {
        case .abort:
            return enterForcing(record, draining: draining, by: .resetting, due: now.time, at: now)
        case .wait, .close:
            return replan(record, draining, at: now)
        }
    }

    /// The drain is over. A request can still change one thing: whether the process ends.
    private mutating func joinDrained(
        _ record: DrainRecord, _ undrain: Undrain?, _ request: DrainRequest, at now: Moment
    ) -> [DrainAction] {
        var record = record
        record.join(request, at: now.time)
        return stayDrained(record, without: undrain, Self.overtaken, due: now.time, at: now)
    }

    /// While an undrain is under way, the first request plans the next drain and later requests join it.
    /// nil: no undrain is under way, or the request must not wait for it.
    private mutating func queue(
        _ request: DrainRequest, at now: Moment
    ) -> (outcome: DrainReply.Outcome, actions: [DrainAction])? {
        guard var undrain, let drain, !undrain.isWaiting, request.mode != .abort else { return nil }
        undrain.queue.append(Undrain.Queued(request: request, askedAt: now.time))
        if var coming = undrain.coming {
            coming.join(request, at: now.time)
            let warning = coming.joinDelay(request, at: now.time)
            undrain.coming = coming
            self.undrain = undrain
            return (.joined, warning.map { [.warn($0)] } ?? [])
        }
        switch plan(request, id: drain.id + 1, at: now.time) {
        case .drain(let coming):
            undrain.coming = coming
            self.undrain = undrain
            return (.started, [])
        case .refused(let reason): return (.refused(reason), [])
        }
    }

    /// Why the values of a request are not valid. The router answers such a request with 400 before it comes here.
    private func objection(to request: DrainRequest) -> String? {
        if let timeout = request.timeout, !Self.timeoutBounds.contains(timeout) {
            return "The timeout must be from 100 ms to 24 h."
        }
        guard let delay = request.delay else { return nil }
        guard delay >= .zero else { return "The delay must not be negative." }
        guard delay < Self.timeoutBounds.upperBound else { return "The delay must be less than 24 h." }
        guard let timeout = request.timeout, delay >= timeout else { return nil }
        return delayObjection(delay, timeout)
    }

    private func delayObjection(_ delay: Duration, _ timeout: Duration) -> String {
        "The delay (\(delay.inMilliseconds) ms) must be shorter than the timeout (\(timeout.inMilliseconds) ms). "
            + "Give a shorter delay or a longer timeout."
    }
}
