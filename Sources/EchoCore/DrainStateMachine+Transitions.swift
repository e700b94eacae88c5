// MARK: - Entering a state

extension DrainStateMachine {
    /// How forcing ends the connections.
    enum Force {
        /// Deadline or further signal: who is done ends well.
        case cutting
        /// Mode abort.
        case resetting
    }

    /// Assigns the stage; the caller returns the action before those that belong to the new state.
    private mutating func enter(_ new: Stage, at now: MonotonicTime) -> DrainAction {
        stage = new
        enteredStateAt = now
        return .publishState(state)
    }

    mutating func enterServing(last: DrainRecord?, at now: MonotonicTime) -> [DrainAction] {
        [enter(.serving(last: last), at: now)]
    }

    mutating func enterLameDuck(_ record: DrainRecord, at now: MonotonicTime) -> [DrainAction] {
        [enter(.lameDuck(record), at: now)]
    }

    /// The accept linger runs from the instant at which draining really began, its bounds follow from the plan: a timer
    /// that is a little late must not make the difference between lossless and best effort.
    mutating func enterDraining(_ record: DrainRecord, at now: MonotonicTime) -> [DrainAction] {
        var record = record
        let end = record.acceptLingerEnd(defaults.acceptLinger, from: now, now: now)
        let isCut = end < now + defaults.acceptLinger
        if isCut { record.acceptQueue = record.acceptQueue.weakened(to: .bestEffort) }
        let published = enter(.draining(record, Draining(since: now, phase: .accepting(until: end))), at: now)
        return [published, .closeDoors(drain: record.id, serveQueueUntil: end)]
            + (isCut ? [.warn(.acceptLingerShortened(to: end - now))] : [])
    }

    /// `draining` is nil when the listeners are as they were in serving.
    mutating func enterForcing(
        _ record: DrainRecord, draining: Draining?, by force: Force, due: MonotonicTime, at now: MonotonicTime
    ) -> [DrainAction] {
        var record = record
        let doorsAreClosed = draining?.doorsAreClosed ?? false
        if !doorsAreClosed { record.acceptQueue = record.acceptQueue.weakened(to: .bestEffort) }
        let until = end(of: Self.forcingLimit, due: due, now: now)
        var actions = [enter(.forcing(record, until: until), at: now)]
        if !doorsAreClosed { actions.append(.closeDoorsNow(drain: record.id)) }
        switch force {
        case .cutting: actions.append(.cutConnections(drain: record.id))
        case .resetting: actions.append(.resetConnections(drain: record.id))
        }
        return actions + refuseUndrain(draining?.undrain, "the connections are being cut")
    }

    /// An undrain under way is waited for before the process exits.
    mutating func enterDrained(_ record: DrainRecord, undrain: Int?, at now: MonotonicTime) -> [DrainAction] {
        var record = record
        record.end(counted.result, at: now)
        let published = enter(.drained(record, undrain: undrain), at: now)
        let actions = [published, .finishWaiters(drain: record.id, .drained, counted.result)]
        switch record.intent {
        case .hold: return actions
        case .exit: return undrain == nil ? actions + enterExiting(record, due: now, at: now) : actions
        }
    }

    /// A loop is stuck, or somebody is in a hurry: what is open dies with the process. It has been cut, whatever is
    /// counted, and what is counted as lost is.
    mutating func giveUpForcing(
        _ record: DrainRecord, due: MonotonicTime, at now: MonotonicTime, isHurried: Bool = false
    ) -> [DrainAction] {
        var record = record
        let result = counted.result == .lost ? DrainResult.lost : .forced
        record.end(result, at: now)
        return [.finishWaiters(drain: record.id, .drained, result)]
            + enterExiting(record, due: due, at: now, isHurried: isHurried)
    }

    /// With `isHurried` the process ends without the orderly end.
    mutating func enterExiting(
        _ record: DrainRecord?, failure: ExitCode = .success, due: MonotonicTime, at now: MonotonicTime,
        isHurried: Bool = false
    ) -> [DrainAction] {
        let code = record?.result.flatMap { ExitCode($0) } ?? failure
        let until = end(of: Self.exitingLimit, due: due, now: now)
        var actions = [enter(.exiting(record, Exiting(code: code, until: until, isOver: isHurried)), at: now)]
        if let record, let result = record.result {
            actions.append(.finishWaiters(drain: record.id, .exiting, result))
        }
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
