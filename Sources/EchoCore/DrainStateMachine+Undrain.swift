// MARK: - Undrain

/// From lame duck an undrain takes effect at once. From draining and drained it does when the new listeners are open:
/// until then the service is not ready, and a failure leaves the drain as it is, with no result to take back. Whatever
/// is newer than the undrain (a request, a signal, the deadline) overtakes it.
extension DrainStateMachine {
    /// `DELETE /drain`. `.opening` is answered later, by `DrainAction.finishUndrain`.
    package mutating func undrainRequested(
        at time: MonotonicTime
    ) -> (outcome: UndrainOutcome, actions: [DrainAction]) {
        let now = advanceClock(to: time)
        let due = runTimers(at: now)
        let (outcome, actions) = undrain(at: now)
        return (outcome, due + actions)
    }

    /// The listeners of that attempt accept.
    package mutating func listenersReopened(attempt: Int, at time: MonotonicTime) -> [DrainAction] {
        let now = advanceClock(to: time)
        switch stage {
        case .draining(let record, let draining) where draining.undrain == attempt:
            return [.reopenConnections(drain: record.id)] + takeBack(record, at: now)
                + [.finishUndrain(attempt: attempt, .serving)]
        case .drained(let record, attempt):
            return takeBack(record, at: now) + [.finishUndrain(attempt: attempt, .serving)]
        case .starting, .serving, .lameDuck, .draining, .forcing, .drained, .exiting:
            return [.closeReopenedListeners(attempt: attempt)] + runTimers(at: now)
        }
    }

    /// The listeners of that attempt could not be bound: the drain goes on.
    package mutating func undrainFailed(attempt: Int, at time: MonotonicTime) -> [DrainAction] {
        let now = advanceClock(to: time)
        switch stage {
        case .draining(let record, var draining) where draining.undrain == attempt:
            draining.undrain = nil
            stage = .draining(record, draining)
        case .drained(let record, attempt):
            stage = .drained(record, undrain: nil)
            switch record.intent {
            case .hold: break
            case .exit:
                return [.finishUndrain(attempt: attempt, .failed)] + enterExiting(record, due: now, at: now)
                    + runTimers(at: now)
            }
        case .starting, .serving, .lameDuck, .draining, .forcing, .drained, .exiting:
            return runTimers(at: now)
        }
        return [.finishUndrain(attempt: attempt, .failed)] + runTimers(at: now)
    }

    /// Answers the undrain that was overtaken, if one was under way. Its listeners are closed when they are reported.
    func refuseUndrain(_ attempt: Int?, _ reason: String) -> [DrainAction] {
        attempt.map { [.finishUndrain(attempt: $0, .refused(reason))] } ?? []
    }

    private mutating func undrain(at now: MonotonicTime) -> (UndrainOutcome, [DrainAction]) {
        switch stage {
        case .starting: return (.refused("the service is still starting, there is no drain to take back"), [])
        case .serving: return (.serving, [])
        case .forcing: return (.refused("the connections are being cut; wait until it is drained"), [])
        case .exiting: return (.refused("the process is exiting"), [])
        case .lameDuck, .draining, .drained: break
        }
        guard firstSignalAt == nil else {
            return (.refused("the process was told by a signal to end, and will"), [])
        }
        switch stage {
        case .lameDuck(let record):
            return (.serving, takeBack(record, at: now))
        case .draining(let record, var draining):
            if let attempt = draining.undrain { return (.opening(attempt: attempt), []) }
            draining.undrain = nextAttempt()
            stage = .draining(record, draining)
        case .drained(let record, let undrain):
            if let attempt = undrain { return (.opening(attempt: attempt), []) }
            stage = .drained(record, undrain: nextAttempt())
        case .starting, .serving, .forcing, .exiting:
            break
        }
        return (.opening(attempt: undrainAttempts), [.openListeners(attempt: undrainAttempts)])
    }

    private mutating func nextAttempt() -> Int {
        undrainAttempts += 1
        return undrainAttempts
    }

    /// Who waited for a milestone that was reached has been answered then.
    private mutating func takeBack(_ record: DrainRecord, at now: MonotonicTime) -> [DrainAction] {
        var record = record
        let wasOver = record.result != nil
        record.end(.undrained, at: now)
        return enterServing(last: record, at: now)
            + (wasOver ? [] : [.finishWaiters(drain: record.id, .drained, .undrained)])
            + [.finishWaiters(drain: record.id, .exiting, .undrained)]
    }
}
