// MARK: - Time

extension DrainStateMachine {
    /// When `timePassed(at:)` has to be called next; nil: only another event can change anything.
    package var nextTimer: MonotonicTime? {
        switch stage {
        case .starting, .serving: nil
        case .lameDuck(let record): record.drainingDue
        case .draining(let record, let draining):
            min(record.deadline, phaseEnd(record, draining) ?? record.deadline)
        case .forcing(let record, let until):
            switch record.intent {
            case .hold: nil
            case .exit: until
            }
        // The exit waits for an undrain under way, but for no loop that is stuck.
        case .drained(let record, let undrain): record.intent == .exit && undrain != nil ? record.deadline : nil
        case .exiting(_, let exiting): exiting.isOver ? nil : exiting.until
        }
    }

    /// Takes every step that is due, in order, however late it is. Harmless when nothing is due.
    package mutating func timePassed(at time: MonotonicTime) -> [DrainAction] {
        runTimers(at: advanceClock(to: time))
    }

    /// Returns the time that counts as now.
    mutating func advanceClock(to time: MonotonicTime) -> MonotonicTime {
        clock = max(clock, time)
        return clock
    }

    mutating func runTimers(at now: MonotonicTime) -> [DrainAction] {
        var actions: [DrainAction] = []
        while let due = nextTimer, due <= now {
            actions += timerFired(due: due, now: now)
        }
        return actions
    }

    private mutating func timerFired(due: MonotonicTime, now: MonotonicTime) -> [DrainAction] {
        switch stage {
        case .starting, .serving:
            return []
        case .lameDuck(let record):
            return enterDraining(record, at: now)
        case .draining(let record, let draining):
            // A phase that ends with the deadline ends first, so that the phases come in their order.
            if let end = phaseEnd(record, draining), end <= record.deadline {
                return endPhase(record, draining, at: now)
            }
            return enterForcing(record, draining: draining, by: .cutting, due: due, at: now)
        case .forcing(let record, _):
            return giveUpForcing(record, due: due, at: now)
        case .drained(let record, let undrain):
            return refuseUndrain(undrain, "the time of the drain is over")
                + enterExiting(record, due: due, at: now)
        case .exiting(let record, var exiting):
            exiting.isOver = true
            stage = .exiting(record, exiting)
            return [.exitImmediately(exiting.code)]
        }
    }

    private func phaseEnd(_ record: DrainRecord, _ draining: Draining) -> MonotonicTime? {
        switch draining.phase {
        case .accepting(let until): until
        case .waiting: record.closingDue
        case .closing: nil
        }
    }
}

// MARK: - The phases of draining

extension DrainStateMachine {
    /// The accept queue is served, or mode wait becomes close.
    mutating func endPhase(_ record: DrainRecord, _ draining: Draining, at now: MonotonicTime) -> [DrainAction] {
        var record = record
        var draining = draining
        switch draining.phase {
        case .accepting:
            switch record.mode {
            case .wait:
                draining.phase = .waiting
                stage = .draining(record, draining)
                return []
            case .close, .abort:
                return startClosing(record, draining, at: now)
            }
        case .waiting:
            record.mode = max(record.mode, .close)
            return startClosing(record, draining, at: now)
        case .closing:
            return []
        }
    }

    private mutating func startClosing(
        _ record: DrainRecord, _ draining: Draining, at now: MonotonicTime
    ) -> [DrainAction] {
        var draining = draining
        let end = record.spreadEnd(defaults.spread, from: now, now: now)
        draining.phase = .closing(since: now, spreadUntil: end)
        stage = .draining(record, draining)
        return [mark(record, until: end)]
    }

    private func mark(_ record: DrainRecord, until end: MonotonicTime) -> DrainAction {
        .markConnections(
            drain: record.id, spreadUntil: end, firstLineGrace: record.acceptLinger(defaults.acceptLinger))
    }

    /// A request joined: what runs is shortened to fit, and mode wait may have become close.
    mutating func replan(_ record: DrainRecord, _ draining: Draining, at now: MonotonicTime) -> [DrainAction] {
        var record = record
        var draining = draining
        switch draining.phase {
        case .accepting(let until):
            let end = record.acceptLingerEnd(defaults.acceptLinger, from: draining.since, now: now)
            guard end < until else { break }
            draining.phase = .accepting(until: end)
            record.acceptQueue = record.acceptQueue.weakened(to: .bestEffort)
            stage = .draining(record, draining)
            return [
                .closeDoors(drain: record.id, serveQueueUntil: end),
                .warn(.acceptLingerShortened(to: end - draining.since)),
            ]
        case .waiting:
            guard record.mode > .wait else { break }
            return startClosing(record, draining, at: now)
        case .closing(let since, let spreadUntil):
            let end = record.spreadEnd(defaults.spread, from: since, now: now)
            guard end < spreadUntil else { break }
            draining.phase = .closing(since: since, spreadUntil: end)
            stage = .draining(record, draining)
            return [mark(record, until: end)]
        }
        stage = .draining(record, draining)
        return []
    }
}
