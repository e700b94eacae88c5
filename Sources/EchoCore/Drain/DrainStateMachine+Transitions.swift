internal import Basics
internal import Wire

// MARK: - Entering a state

extension DrainStateMachine {
    /// How forcing ends the connections.
    enum Force {
        /// Deadline or further signal: a connection that is done ends as drained.
        case cutting
        /// Mode abort.
        case resetting
    }

    /// Assigns the stage; the caller returns the action before those that belong to the new state.
    private mutating func enter(_ new: Stage, at now: Moment) -> DrainAction {
        stage = new
        enteredStateAt = now.time
        return .publishState(state)
    }

    static var connectionsAreBeingCut: String {
        "echod is cutting the connections. Wait until the state is drained, then undrain; if the process exits, "
            + "start a new one."
    }

    mutating func enterServing(last: DrainRecord?, at now: Moment) -> [DrainAction] {
        [enter(.serving(last: last), at: now)]
    }

    mutating func enterLameDuck(_ record: DrainRecord, at now: Moment) -> [DrainAction] {
        [enter(.lameDuck(record), at: now)]
    }

    /// The accept linger runs from the instant at which draining really began, its bounds follow from the plan: a timer
    /// that is a little late must not make the difference between lossless and best effort.
    mutating func enterDraining(_ record: DrainRecord, at now: Moment) -> [DrainAction] {
        var record = record
        let end = record.acceptLingerEnd(defaults.acceptLinger, from: now.time, now: now.time)
        let isCut = end < now.time + defaults.acceptLinger
        if isCut { record.acceptQueue = record.acceptQueue.weakened(to: .bestEffort) }
        let published = enter(.draining(record, Draining(since: now.time, phase: .accepting(until: end))), at: now)
        return [published, .closeListeners(drain: record.id, serveQueueUntil: end)]
            + (isCut ? [.warn(.acceptLingerShortened(to: end - now.time))] : [])
    }

    /// `draining` is nil when the listeners are as they were in serving. An undrain under way is overtaken: what it has
    /// opened is closed at once.
    mutating func enterForcing(
        _ record: DrainRecord, draining: Draining?, by force: Force, due: MonotonicTime, at now: Moment
    ) -> [DrainAction] {
        var record = record
        let refusal = end(draining?.undrain, .refused(Self.connectionsAreBeingCut), joining: &record)
        let listenersAreClosed = draining.map { $0.listenersAreClosed && $0.undrain == nil } ?? false
        if !listenersAreClosed { record.acceptQueue = record.acceptQueue.weakened(to: .bestEffort) }
        let until = end(of: Self.forcingLimit, due: due, now: now.time)
        var actions = [enter(.forcing(record, until: until), at: now)]
        if !listenersAreClosed { actions.append(.closeListenersNow(drain: record.id)) }
        switch force {
        case .cutting: actions.append(.cutConnections(drain: record.id))
        case .resetting: actions.append(.resetConnections(drain: record.id))
        }
        return actions + refusal
    }

    /// An undrain under way is waited for before the process exits.
    mutating func enterDrained(_ record: DrainRecord, undrain: Undrain?, at now: Moment) -> [DrainAction] {
        var record = record
        record.end(now.tally.result, at: now.time)
        let actions = [enter(.drained(record, undrain), at: now), .finishWaiters(record, .drained)]
        return undrain == nil ? actions + exitIfIntended(record, due: now.time, at: now) : actions
    }

    /// A drain that is over holds, or the process exits.
    mutating func exitIfIntended(_ record: DrainRecord, due: MonotonicTime, at now: Moment) -> [DrainAction] {
        switch record.intent {
        case .hold: []
        case .exit: enterExiting(record, due: due, at: now)
        }
    }

    /// A loop is stuck, or the operator is in a hurry: what is open dies with the process. It has been cut, whatever is
    /// counted, and what is counted as lost is.
    mutating func giveUpForcing(
        _ record: DrainRecord, due: MonotonicTime, at now: Moment, isHurried: Bool = false
    ) -> [DrainAction] {
        var record = record
        record.end(now.tally.result == .lost ? .lost : .forced, at: now.time)
        return [.finishWaiters(record, .drained)]
            + enterExiting(record, due: due, at: now, isHurried: isHurried)
    }

    /// With `isHurried` the process ends without the orderly end.
    mutating func enterExiting(
        _ record: DrainRecord?, failure: ExitCode = .success, due: MonotonicTime, at now: Moment,
        isHurried: Bool = false
    ) -> [DrainAction] {
        let code = record?.result.flatMap { ExitCode($0) } ?? failure
        let until = end(of: Self.exitingLimit, due: due, now: now.time)
        var actions = [enter(.exiting(record, Exiting(code: code, until: until, isOver: isHurried)), at: now)]
        if let record { actions.append(.finishWaiters(record, .exiting)) }
        return actions + [isHurried ? .exitImmediately(code) : .exit(code)]
    }

    /// A timer that is a little late eats into what it began, so that the process is gone by T + 2 s. After a stop
    /// that ate all of it (SIGSTOP, a suspended machine) the loops get the whole of it: they need a turn to cut and to
    /// count.
    private func end(of limit: Duration, due: MonotonicTime, now: MonotonicTime) -> MonotonicTime {
        let planned = due + limit
        return planned > now ? planned : now + limit
    }
}

extension DrainTally {
    var result: DrainResult {
        if lostReceived > 0 || lostSent > 0 { return .lost }
        return forced > 0 ? .forced : .clean
    }
}
