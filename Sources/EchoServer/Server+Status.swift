internal import EchoCore

/// What the counters and the machine make together.
extension Server {
    /// The sums of all counters. What has ended is read before what was accepted, so that the difference is never
    /// negative.
    func totals() -> Totals {
        var totals = Totals()
        for shard in shards { totals.add(shard.counters) }
        totals.closed[.refused, default: 0] += accepted.turnedAway.current
        totals.fromBacklog = accepted.fromBacklog.current
        totals.accepted = accepted.total.current
        return totals
    }

    func status(_ state: State, _ totals: Totals, _ now: MonotonicTime) -> ServiceStatus {
        let active = Int(totals.accepted - totals.ended)
        return ServiceStatus(
            admin: state.admin, listen: state.listen,
            bytes: .init(
                received: totals.received, sent: totals.sent, unacked: active == 0 ? 0 : state.sample.unacked,
                unread: active == 0 ? 0 : state.sample.unread),
            connections: .init(accepted: totals.accepted, active: active, closed: totals.closed),
            drain: state.machine.drain.map { drainStatus($0, state, totals, now) },
            exitCode: state.machine.exitCode?.rawValue, inState: now - state.machine.enteredStateAt,
            lines: totals.lines, pid: processID, state: state.machine.state, uptime: now - startedAt,
            version: configuration.version, isFull: active >= configuration.maximumConnections)
    }

    private func drainStatus(
        _ drain: DrainRecord, _ state: State, _ totals: Totals, _ now: MonotonicTime
    ) -> ServiceStatus.Drain {
        let start = state.atDrainStart
        let end = state.atDrainEnd ?? totals
        return ServiceStatus.Drain(
            id: drain.id, intent: drain.intent, mode: drain.mode, trigger: drain.trigger, delay: drain.delay,
            timeout: drain.timeout, elapsed: drain.elapsed(at: now), deadlineIn: drain.remaining(at: now),
            result: drain.result, acceptQueue: drain.acceptQueue, atMark: end.marked - start.marked,
            closed: end.ended - start.ended, fromBacklog: end.fromBacklog - start.fromBacklog,
            blockedOn: state.atDrainEnd == nil ? state.sample.blockedOn : [:],
            lateDiscarded: end.lateDiscarded - start.lateDiscarded,
            lostReceived: end.lostReceived - start.lostReceived, lostSent: end.lostSent - start.lostSent,
            incomplete: end.incomplete - start.incomplete,
            abandonedByPeer: end.abandonedByPeer - start.abandonedByPeer, waiters: state.waiters.count)
    }
}
