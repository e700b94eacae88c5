internal import Basics
internal import EchoCore
internal import Threads
internal import Wire

/// The status, made from the counters and the machine.
extension Lifecycle {
    func status() -> ServiceStatus {
        state.withLock { status($0, $0.machine.drain, totals(), .now) }
    }

    var drain: DrainRecord? { state.withLock { $0.machine.drain } }

    var announcedBlocker: Blocker? { state.withLock { $0.announcedBlocker } }

    func setAdminAddresses(_ addresses: [String]) {
        state.withLock { $0.admin = addresses }
    }

    /// `ServiceControl.measure`.
    func measure() -> ServiceMeasurements {
        let (totals, status, drains) = state.withLock { state in
            let totals = self.totals()
            return (totals, self.status(state, state.machine.drain, totals, .now), state.figures.results)
        }
        return ServiceMeasurements(
            status: status, maximumConnections: configuration.maximumConnections, acceptErrors: accepted.errors,
            counts: totals.counts, drains: drains)
    }

    /// The sums of all counters. Ended connections are read before accepted ones, so that the difference is never
    /// negative.
    func totals() -> Totals {
        var totals = Totals()
        for shard in counters { totals.add(shard) }
        totals.counts[.closed] = totals.ended
        totals.counts[.fromBacklog] = accepted.fromBacklog.current
        totals.accepted = accepted.total.current
        return totals
    }

    func status(
        _ state: State, _ drain: DrainRecord?, _ totals: Totals, _ now: MonotonicTime
    ) -> ServiceStatus {
        let active = Int(totals.accepted - totals.ended)
        return ServiceStatus(
            admin: state.admin, listen: state.listen,
            bytes: .init(
                received: totals.received, sent: totals.sent, unacked: active == 0 ? 0 : state.sampling.latest.unacked,
                unread: active == 0 ? 0 : state.sampling.latest.unread),
            connections: .init(accepted: totals.accepted, active: active, closed: totals.closed),
            drain: drain.map { drainStatus($0, state, totals, now) },
            exitCode: state.machine.exitCode?.rawValue, inState: now - state.machine.enteredStateAt,
            lines: totals.lines, pid: processID, state: state.machine.state, uptime: now - startedAt,
            version: configuration.version, isFull: active >= configuration.maximumConnections)
    }

    /// A drain that has not begun has counted nothing.
    func drainStatus(
        _ drain: DrainRecord, _ state: State, _ totals: Totals, _ now: MonotonicTime
    ) -> ServiceStatus.Drain {
        let isComing = drain.id == state.machine.comingDrain?.id
        let start = isComing ? totals : state.figures.start
        let end = isComing ? totals : state.figures.end ?? totals
        return ServiceStatus.Drain(
            id: drain.id, intent: drain.intent, mode: drain.mode, trigger: drain.trigger, delay: drain.delay,
            timeout: drain.timeout, elapsed: drain.elapsed(at: now), deadlineIn: drain.remaining(at: now),
            result: drain.result, acceptQueue: drain.acceptQueue,
            blockedOn: isComing || state.figures.end != nil ? [:] : state.sampling.latest.blockedOn,
            waiters: state.waiters.count, counts: end.counts - start.counts)
    }
}

/// The totals at the start and the end of a drain, and how many drains ended with each result.
struct DrainFigures: Sendable {
    private(set) var start = Totals()
    /// nil until the drain is over.
    private(set) var end: Totals?
    /// Drains that are over, by the result that each had then.
    private(set) var results: Counts<DrainResult> = [:]

    mutating func drainBegan(with totals: Totals) {
        start = totals
        end = nil
    }

    /// `result` is given once for each drain.
    mutating func drainEnded(with totals: Totals, _ result: DrainResult? = nil) {
        end = totals
        if let result { results[result] += 1 }
    }

    /// What the connections of the drain cost.
    func tally(_ totals: Totals) -> DrainTally {
        DrainTally(
            forced: [CloseReason.forced, .internalError].reduce(0) { $0 + Int(totals.closed[$1] - start.closed[$1]) },
            lostReceived: totals.counts[.lostReceived] - start.counts[.lostReceived],
            lostSent: totals.counts[.lostSent] - start.counts[.lostSent])
    }
}
