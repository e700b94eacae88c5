package import Basics
internal import Wire

// MARK: - Time

extension DrainStateMachine {
    /// When `timePassed(at:)` has to be called next; nil: only another event can change anything.
    package var nextTimer: MonotonicTime? {
        switch stage {
        case .starting, .serving: nil
        case .lameDuck(let record): record.drainingDue
        case .draining(let record, let draining):
            [record.deadline, phaseEnd(record, draining), draining.undrain?.coming?.deadline].compactMap { $0 }.min()
        case .forcing(let record, let until):
            switch record.intent {
            case .hold: nil
            case .exit: until
            }
        // The exit waits for an undrain under way, but for no loop that is stuck.
        case .drained(let record, let undrain?):
            [record.intent == .exit ? record.deadline : nil, undrain.coming?.deadline].compactMap { $0 }.min()
        case .drained(_, nil): nil
        case .exiting(_, let exiting): exiting.isOver ? nil : exiting.until
        }
    }

    /// Takes every step that is due, in order, however late it is. Harmless when nothing is due.
    package mutating func timePassed(at moment: Moment) -> [DrainAction] {
        runTimers(at: advanceClock(to: moment))
    }

    /// Returns the moment, with the time that counts as now.
    mutating func advanceClock(to moment: Moment) -> Moment {
        clock = max(clock, moment.time)
        return Moment(clock, moment.tally)
    }

    mutating func runTimers(at now: Moment) -> [DrainAction] {
        var actions: [DrainAction] = []
        while let due = nextTimer, due <= now.time {
            actions += timerFired(due: due, now: now)
        }
        return actions
    }

    private mutating func timerFired(due: MonotonicTime, now: Moment) -> [DrainAction] {
        switch stage {
        case .starting, .serving:
            return []
        case .lameDuck(let record):
            return enterDraining(record, at: now)
        case .draining(let record, let draining):
            // A phase that ends with the deadline ends first, so that the phases come in their order.
            if phaseEnd(record, draining) == due { return endPhase(record, draining, at: now) }
            return enterForcing(record, draining: draining, by: .cutting, due: due, at: now)
        case .forcing(let record, _):
            return giveUpForcing(record, due: due, at: now)
        case .drained(let record, let undrain):
            let reason = "The deadline of the drain has passed. Read GET /status, then decide again."
            return stayDrained(record, without: undrain, reason, due: due, at: now)
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
    mutating func endPhase(_ record: DrainRecord, _ draining: Draining, at now: Moment) -> [DrainAction] {
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
        _ record: DrainRecord, _ draining: Draining, at now: Moment
    ) -> [DrainAction] {
        var draining = draining
        let end = record.spreadEnd(defaults.spread, from: now.time, now: now.time)
        draining.phase = .closing(since: now.time, spreadUntil: end)
        stage = .draining(record, draining)
        return [mark(record, until: end)]
    }

    private func mark(_ record: DrainRecord, until end: MonotonicTime) -> DrainAction {
        .markConnections(
            drain: record.id, spreadUntil: end, firstLineGrace: record.acceptLinger(defaults.acceptLinger))
    }

    /// A request joined: what runs is shortened to fit, and mode wait may have become close.
    mutating func replan(_ record: DrainRecord, _ draining: Draining, at now: Moment) -> [DrainAction] {
        var record = record
        var draining = draining
        switch draining.phase {
        case .accepting(let until):
            let end = record.acceptLingerEnd(defaults.acceptLinger, from: draining.since, now: now.time)
            guard end < until else { break }
            draining.phase = .accepting(until: end)
            record.acceptQueue = record.acceptQueue.weakened(to: .bestEffort)
            stage = .draining(record, draining)
            return [
                .closeListeners(drain: record.id, serveQueueUntil: end),
                .warn(.acceptLingerShortened(to: end - draining.since)),
            ]
        case .waiting:
            guard record.mode > .wait else { break }
            return startClosing(record, draining, at: now)
        case .closing(let since, let spreadUntil):
            let end = record.spreadEnd(defaults.spread, from: since, now: now.time)
            guard end < spreadUntil else { break }
            draining.phase = .closing(since: since, spreadUntil: end)
            stage = .draining(record, draining)
            return [mark(record, until: end)]
        }
        stage = .draining(record, draining)
        return []
    }
}
