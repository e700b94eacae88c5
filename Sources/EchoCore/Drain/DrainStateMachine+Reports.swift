internal import Basics
package import Wire

// MARK: - What the data plane reports

/// Reports are facts of a moment ago. They are taken into account before the timers that are due: a client that was
/// done in time is not forced because its report was late.
extension DrainStateMachine {
    package mutating func listenersBound(at moment: Moment) -> [DrainAction] {
        let now = advanceClock(to: moment)
        switch stage {
        case .starting: return enterServing(last: nil, at: now)
        // A signal was quicker: what was bound is closed by the exit.
        case .serving, .lameDuck, .draining, .forcing, .drained, .exiting: return runTimers(at: now)
        }
    }

    package mutating func startFailed(at moment: Moment) -> [DrainAction] {
        let now = advanceClock(to: moment)
        switch stage {
        case .starting: return enterExiting(nil, failure: .failure, due: now.time, at: now)
        case .serving, .lameDuck, .draining, .forcing, .drained, .exiting: return runTimers(at: now)
        }
    }

    /// Every listener is closed and every client of its queue taken, as well as `acceptQueue` says. Where that needs no
    /// linger (Unix sockets, inherited listeners) it may come before the linger is over, and ends it.
    package mutating func listenersClosed(
        drain id: Int, acceptQueue: AcceptQueueGuarantee, at moment: Moment
    ) -> [DrainAction] {
        let now = advanceClock(to: moment)
        guard case .draining(var record, var draining) = stage, record.id == id, !draining.listenersAreClosed else {
            return runTimers(at: now)
        }
        record.acceptQueue = record.acceptQueue.weakened(to: acceptQueue)
        draining.listenersAreClosed = true
        stage = .draining(record, draining)
        switch draining.phase {
        case .accepting: return endPhase(record, draining, at: now) + runTimers(at: now)
        case .waiting, .closing: return runTimers(at: now)
        }
    }

    /// The listeners are closed and no connection is left.
    package mutating func connectionsEnded(drain id: Int, at moment: Moment) -> [DrainAction] {
        let now = advanceClock(to: moment)
        guard drain?.id == id else { return runTimers(at: now) }
        switch stage {
        case .draining(let record, let draining):
            return enterDrained(record, undrain: draining.undrain, at: now) + runTimers(at: now)
        case .forcing(let record, _):
            return enterDrained(record, undrain: nil, at: now) + runTimers(at: now)
        case .exiting(let record, let exiting):
            learnLateLoss(record, exiting, now.tally)
            return runTimers(at: now)
        case .starting, .serving, .lameDuck, .drained:
            return runTimers(at: now)
        }
    }

    /// Forcing was given up before everything was counted; a loss that is counted while exiting still shows in the exit
    /// code. It never gets better: the waiters have been told `forced`.
    private mutating func learnLateLoss(_ record: DrainRecord?, _ exiting: Exiting, _ tally: DrainTally) {
        guard var record, record.result == .forced, tally.result == .lost else { return }
        var exiting = exiting
        record.result = .lost
        exiting.code = .lost
        stage = .exiting(record, exiting)
    }
}
