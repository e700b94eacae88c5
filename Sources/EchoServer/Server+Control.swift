package import EchoCore
internal import EventLoops

extension Server: ServiceControl {
    /// How long loops get to answer a question of the admin plane's, in nanoseconds.
    private static let patience: Int64 = 1_000_000_000

    /// A sample is good for so many times what it cost: taking them never eats more than a twentieth of a loop.
    private static let sampleShare: Int64 = 20

    package func status() -> ServiceStatus {
        state.withLock { status($0, totals(), .now) }
    }

    package func sampleStatus(_ completion: @escaping @Sendable (ServiceStatus) -> Void) {
        let begins: Bool? = state.withLock { state in
            if EventLoop.monotonicNow() < state.sampleIsGoodUntil { return nil }
            defer { state.sampleWaiters = (state.sampleWaiters ?? []) + [completion] }
            return state.sampleWaiters == nil
        }
        guard let begins else { return control.post { [self] in completion(status()) } }
        guard begins else { return }
        let announced = state.withLock { $0.announcedBlocker }
        gather({ $0.sample(announced: announced, $1) }) { [self] samples in
            let waiters = state.withLock { state in
                var sum = Sample()
                for sample in samples { sum.add(sample) }
                // An answer that is missing leaves the figures of before.
                if samples.count == shards.count { state.sample = sum }
                state.sampleIsGoodUntil = EventLoop.monotonicNow() + Self.sampleShare * sum.cost
                defer { state.sampleWaiters = nil }
                return state.sampleWaiters ?? []
            }
            let status = self.status()
            for waiter in waiters { waiter(status) }
        }
    }

    package func connections(
        _ query: ConnectionQuery, _ completion: @escaping @Sendable (ConnectionPage.Maker?) -> Void
    ) {
        let peer = query.peer.map { PeerPattern($0) }
        if case .some(nil) = peer { return completion { ConnectionPage(connections: [], next: nil, total: 0) } }
        gather({ $0.candidates(query, peer ?? nil, $1) }) { [shards, configuration] parts in
            guard parts.count == shards.count else { return completion(nil) }
            let now = EventLoop.monotonicNow()
            completion { query.page(of: parts, from: peer ?? nil, mode: configuration.mode, now: now) }
        }
    }

    package func connection(id: UInt64, _ completion: @escaping @Sendable (ConnectionLookup) -> Void) {
        lookUp({ $0.registry.find(id) }, completion)
    }

    /// When a loop does not answer in time, its connection is closed all the same as soon as it turns again.
    package func closeConnection(
        id: UInt64, mode: ConnectionCloseMode, _ completion: @escaping @Sendable (ConnectionLookup) -> Void
    ) {
        lookUp({ $0.close(id, mode) }, completion)
    }

    /// Which loop has a connection only the loops know.
    private func lookUp(
        _ find: @escaping @Sendable (Shard) -> ConnectionRow?,
        _ completion: @escaping @Sendable (ConnectionLookup) -> Void
    ) {
        gather({ shard, done in done(find(shard)) }) { [shards, configuration] parts in
            if let row = parts.lazy.compactMap({ $0 }).first {
                completion(.found(row.info(mode: configuration.mode, now: EventLoop.monotonicNow())))
            } else {
                completion(parts.count == shards.count ? .notFound : .noAnswer)
            }
        }
    }

    /// Asks every shard on its loop, and completes on the control loop with what has come within a second.
    private func gather<Part: Sendable>(
        _ ask: @escaping @Sendable (Shard, @escaping @Sendable (Part) -> Void) -> Void,
        _ completion: @escaping @Sendable ([Part]) -> Void
    ) {
        let control = self.control
        let gathering = Gathering<Part>(shards.count) { parts in control.post { completion(parts) } }
        for shard in shards { shard.post { ask($0, gathering.add) } }
        control.post { control.call(after: Self.patience) { gathering.giveUp() } }
    }

    // MARK: Drain

    package func requestDrain(_ request: DrainRequest) -> DrainReply {
        let (outcome, status) = decide { machine, moment in machine.drainRequested(request, at: moment.now) }
        return DrainReply(outcome: outcome, status: status)
    }

    package func requestUndrain(_ completion: @escaping @Sendable (UndrainReply, ServiceStatus) -> Void) {
        let (outcome, status) = decide {
            machine, moment in
            machine.undrainRequested(at: moment.now)
        } remember: { state, outcome in
            if case .opening(let attempt) = outcome { state.undrains[attempt, default: []].append(completion) }
        }
        if let reply = UndrainReply(outcome) { completion(reply, status) }
    }

    func finishUndrain(_ attempt: Int, _ outcome: UndrainOutcome) {
        let completions = state.withLock { $0.undrains.removeValue(forKey: attempt) } ?? []
        guard let reply = UndrainReply(outcome) else { return }
        let status = self.status()
        for completion in completions { completion(reply, status) }
    }

    package func awaitDrain(
        id: Int, _ milestone: DrainMilestone, limit: Duration?,
        _ completion: @escaping @Sendable (DrainWaitOutcome, ServiceStatus) -> Void
    ) -> UInt64? {
        enum Place { case over(DrainResult, UInt64), waiting(UInt64), full }
        let place: Place = state.withLock { state in
            let result = state.machine.result(ofDrain: id, at: milestone)
            guard result != nil || state.waiters.count < Self.maximumWaiters else { return .full }
            state.lastWaiter += 1
            if let result { return .over(result, state.lastWaiter) }
            let deadline = limit.map { EventLoop.monotonicNow() + $0.inNanoseconds }
            state.waiters.append(
                Waiter(
                    id: state.lastWaiter, drain: id, milestone: milestone, deadline: deadline, completion: completion))
            return .waiting(state.lastWaiter)
        }
        switch place {
        case .full: return nil
        case .over(let result, let waiter):
            completion(.over(result), status())
            return waiter
        case .waiting(let waiter):
            if limit != nil { onControl { $0.waitersChanged() } }
            return waiter
        }
    }

    package func stopWaiting(_ waiter: UInt64) {
        removeWaiters { $0.id == waiter }
    }

    /// Tells those whose limit has passed; returns when the next one's does. Control loop only.
    func endOverdueWaits(now: Int64) -> Int64? {
        let overdue = removeWaiters { $0.deadline.map { $0 <= now } ?? false }
        if !overdue.isEmpty {
            let status = self.status()
            for waiter in overdue { waiter.completion(.limitPassed, status) }
        }
        return state.withLock { $0.waiters.compactMap(\.deadline).min() }
    }

    /// The timer of the limits is set anew: with the last limit it is gone.
    @discardableResult
    private func removeWaiters(where isMeant: (Waiter) -> Bool) -> [Waiter] {
        let removed = state.withLock { state in
            let removed = state.waiters.filter(isMeant)
            if !removed.isEmpty { state.waiters.removeAll(where: isMeant) }
            return removed
        }
        if removed.contains(where: { $0.deadline != nil }) { onControl { $0.waitersChanged() } }
        return removed
    }

    func finishWaiters(_ drain: Int, _ milestone: DrainMilestone, _ result: DrainResult) {
        let finished = removeWaiters { $0.drain == drain && $0.milestone == milestone }
        let status = self.status()
        for waiter in finished { waiter.completion(.over(result), status) }
    }

    package func observe(
        _ observer: @escaping @Sendable (ServiceEvent, ServiceStatus) -> Void
    ) -> ServiceObservation {
        let number = observers.add(observer)
        onControl { $0.observerCame(number) }
        return ServiceObservation { [observers] in observers.remove(number) }
    }

    package func isStuck() -> Bool { heartbeats.isStuck() }

    /// Made from a copy: the control loop does not wait for it.
    package func recentSamples() -> [ServiceSample] {
        let history = self.history.withLock { $0 }
        return history.recent(at: .now - startedAt)
    }

    package func measure() -> ServiceMeasurements {
        let (totals, status, drains) = state.withLock { state in
            let totals = self.totals()
            return (totals, self.status(state, totals, .now), state.drains)
        }
        return ServiceMeasurements(
            status: status, maximumConnections: configuration.maximumConnections, acceptErrors: accepted.errors,
            lostReceived: totals.lostReceived, lostSent: totals.lostSent, lateDiscarded: totals.lateDiscarded,
            drains: drains)
    }
}

/// Parts of an answer that come from several threads; completes once, with all of them or, given up, with some.
final class Gathering<Part: Sendable>: Sendable {
    private struct State {
        var parts: [Part] = []
        var missing: Int
        var completion: (@Sendable ([Part]) -> Void)?

        /// Hands over what there is, and keeps none of it.
        mutating func take() -> (completion: (@Sendable ([Part]) -> Void)?, parts: [Part]) {
            defer {
                completion = nil
                parts = []
            }
            return (completion, parts)
        }
    }

    private let state: Lock<State>

    init(_ count: Int, _ completion: @escaping @Sendable ([Part]) -> Void) {
        state = Lock(State(missing: count, completion: completion))
    }

    func add(_ part: Part) {
        let complete: (completion: (@Sendable ([Part]) -> Void)?, parts: [Part])? = state.withLock { state in
            guard state.completion != nil else { return nil }
            state.parts.append(part)
            state.missing -= 1
            return state.missing == 0 ? state.take() : nil
        }
        if let complete { complete.completion?(complete.parts) }
    }

    func giveUp() {
        let (completion, parts) = state.withLock { $0.take() }
        completion?(parts)
    }
}
