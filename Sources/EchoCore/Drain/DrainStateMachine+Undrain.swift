internal import Basics
internal import Wire

// MARK: - Undrain

/// From lame duck an undrain takes effect at once. From draining and drained it takes effect when the new listeners are
/// open: until then the service is not ready, and if they cannot be opened the drain goes on as before.
///
/// A request that comes meanwhile waits in the undrain's queue. Only mode abort, QUIT, a further signal and a deadline
/// overtake the undrain. While the undrain itself waits for listeners of former drains, everything overtakes it.
extension DrainStateMachine {
    /// `DELETE /drain`. `.opening` is answered later, by `DrainAction.finishUndrain`.
    package mutating func undrainRequested(
        at moment: Moment
    ) -> (outcome: UndrainOutcome, actions: [DrainAction]) {
        let now = advanceClock(to: moment)
        let due = runTimers(at: now)
        let (outcome, actions) = undrain(at: now)
        return (outcome, due + actions)
    }

    /// The listeners of that attempt accept clients. A drain that was requested meanwhile begins.
    package mutating func listenersReopened(attempt: Int, at moment: Moment) -> [DrainAction] {
        let now = advanceClock(to: moment)
        guard let undrain, undrain.attempt == attempt else { return runTimers(at: now) }
        var actions: [DrainAction] = []
        switch stage {
        case .draining(let record, _):
            actions = [.reopenConnections(drain: record.id)] + takeBack(record, at: now)
        case .drained(let record, _):
            actions = takeBack(record, at: now)
        case .starting, .serving, .lameDuck, .forcing, .exiting:
            break
        }
        actions.append(.finishUndrain(attempt: attempt, .serving))
        guard let coming = undrain.coming else { return actions }
        return actions + begin(coming, at: now) + runTimers(at: now)
    }

    /// The listeners of that attempt could not be bound: the drain goes on, and requests that came meanwhile join it.
    package mutating func undrainFailed(attempt: Int, at moment: Moment) -> [DrainAction] {
        let now = advanceClock(to: moment)
        guard let undrain, undrain.attempt == attempt else { return runTimers(at: now) }
        return giveUp(undrain, .failed, at: now) + runTimers(at: now)
    }

    /// Too many listeners of former drains still serve their queues: that attempt waits, unless a request has come
    /// already. `listenersMayReopen` ends the wait.
    package mutating func undrainMustWait(attempt: Int, at moment: Moment) -> [DrainAction] {
        let now = advanceClock(to: moment)
        guard var undrain, undrain.attempt == attempt else { return runTimers(at: now) }
        guard undrain.queue.isEmpty else {
            return giveUp(undrain, .refused(Self.overtaken), at: now) + runTimers(at: now)
        }
        undrain.isWaiting = true
        self.undrain = undrain
        return runTimers(at: now)
    }

    /// Enough of them have closed. Nothing happens if that attempt was overtaken.
    package mutating func listenersMayReopen(attempt: Int, at moment: Moment) -> [DrainAction] {
        let now = advanceClock(to: moment)
        let due = runTimers(at: now)
        guard var undrain, undrain.attempt == attempt, undrain.isWaiting else { return due }
        undrain.isWaiting = false
        self.undrain = undrain
        return due + [.openListeners(attempt: attempt)]
    }

    /// The drain goes on, and requests in the queue join it.
    mutating func giveUp(_ undrain: Undrain, _ outcome: UndrainOutcome, at now: Moment) -> [DrainAction] {
        switch stage {
        case .draining(var record, var draining):
            let answers = end(undrain, outcome, joining: &record)
            draining.undrain = nil
            return answers + replan(record, draining, at: now)
        case .drained(var record, _):
            let answers = end(undrain, outcome, joining: &record)
            stage = .drained(record, nil)
            return answers + exitIfIntended(record, due: now.time, at: now)
        case .starting, .serving, .lameDuck, .forcing, .exiting:
            return []
        }
    }

    /// After the drain the process holds or exits. An undrain under way is overtaken: the listeners that it has opened
    /// are closed at once.
    mutating func stayDrained(
        _ record: DrainRecord, without undrain: Undrain?, _ reason: String, due: MonotonicTime, at now: Moment
    ) -> [DrainAction] {
        var record = record
        let closing = undrain.map { _ in [DrainAction.closeListenersNow(drain: record.id)] } ?? []
        let refusal = end(undrain, .refused(reason), joining: &record)
        stage = .drained(record, nil)
        return closing + refusal + exitIfIntended(record, due: due, at: now)
    }

    /// Answers an undrain that did not succeed, if one was under way. Requests that came meanwhile join `record`.
    func end(_ undrain: Undrain?, _ outcome: UndrainOutcome, joining record: inout DrainRecord) -> [DrainAction] {
        guard let undrain else { return [] }
        for queued in undrain.queue { record.join(queued.request, at: queued.askedAt) }
        let moved = undrain.coming.map { [DrainAction.moveWaiters(from: $0.id, to: record.id)] } ?? []
        return moved + [.finishUndrain(attempt: undrain.attempt, outcome)]
    }

    private mutating func undrain(at now: Moment) -> (UndrainOutcome, [DrainAction]) {
        switch stage {
        case .starting: return (.refused(Self.stillStarting + " There is no drain to undo."), [])
        case .serving: return (.serving, [])
        case .forcing: return (.refused(Self.connectionsAreBeingCut), [])
        case .exiting: return (.refused(Self.processIsExiting), [])
        case .lameDuck(let record), .draining(let record, _), .drained(let record, _):
            guard firstSignalAt == nil else {
                return (.refused("A signal told the process to end, so this drain cannot be undone."), [])
            }
            guard state != .lameDuck else { return (.serving, takeBack(record, at: now)) }
            let actions = open(of: record)
            return (.opening(attempt: undrainAttempts), actions)
        }
    }

    /// Joins an undrain that is under way; it then also undoes the requests in its queue.
    private mutating func open(of record: DrainRecord) -> [DrainAction] {
        if let present = undrain {
            undrain = Undrain(attempt: present.attempt, isWaiting: present.isWaiting)
            return present.coming.map { [.moveWaiters(from: $0.id, to: record.id)] } ?? []
        }
        undrainAttempts += 1
        undrain = Undrain(attempt: undrainAttempts)
        return [.openListeners(attempt: undrainAttempts)]
    }

    /// Waiters for `drained` have their answer already if the drain was over.
    private mutating func takeBack(_ record: DrainRecord, at now: Moment) -> [DrainAction] {
        var record = record
        let wasOver = record.result != nil
        record.end(.undrained, at: now.time)
        return enterServing(last: record, at: now)
            + (wasOver ? [] : [.finishWaiters(record, .drained)])
            + [.finishWaiters(record, .exiting)]
    }
}
