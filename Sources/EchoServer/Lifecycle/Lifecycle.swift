internal import Basics
internal import EchoCore
internal import Threads
internal import Wire

/// The drain machine, the decisions that the driver has not carried out yet, and the figures of its drains, under one
/// lock. It decides and answers; the driver acts, and must be told of every decision. From any thread.
final class Lifecycle: Sendable {
    typealias UndrainCompletion = @Sendable (UndrainReply, ServiceStatus) -> Void

    /// An action of the machine, with what belongs to the instant of the decision.
    struct Pending: Sendable {
        let action: DrainAction
        /// `finishWaiters`: the drain as it was then.
        var drain: ServiceStatus.Drain?
        /// `finishWaiters` and `moveWaiters`: the waiters to answer.
        var answers: [(waiter: Waiters.Waiter, result: DrainResult)] = []
    }

    struct State: Sendable {
        var machine: DrainStateMachine
        /// In the order of the decisions.
        var pending: [Pending] = []
        var listen: [String] = []
        var admin: [String] = []
        var figures = DrainFigures()
        var waiters = Waiters()
        var sampling = Sampling()
        /// Callers of an undrain whose listeners are being opened, by attempt.
        var undrains: [Int: [UndrainCompletion]] = [:]

        /// What connections wait for while a drain runs, until they are marked.
        var announcedBlocker: Blocker? {
            guard machine.state == .draining else { return nil }
            return machine.drain?.mode == .wait ? .peerClose : .spreadTurn
        }
    }

    let state: Lock<State>
    let configuration: ServerConfiguration
    let startedAt: MonotonicTime
    let processID: Int
    let counters: [ShardCounters]
    let accepted: AcceptCounters

    init(
        _ configuration: ServerConfiguration, processID: Int, counters: [ShardCounters], accepted: AcceptCounters
    ) {
        startedAt = .now
        self.configuration = configuration
        self.processID = processID
        self.counters = counters
        self.accepted = accepted
        state = Lock(State(machine: DrainStateMachine(defaults: configuration.drain, at: startedAt)))
    }

    /// Tells the machine what happened, and queues what it decides in the same critical section. Returns the machine's
    /// answer and the resulting state, with the drain that was requested last.
    @discardableResult
    private func decide<Answer>(
        _ event: (inout State, DrainStateMachine.Moment) -> (Answer, [DrainAction])
    ) -> (answer: Answer, status: ServiceStatus) {
        let now = MonotonicTime.now
        return state.withLock { state in
            let totals = self.totals()
            let before = state.machine
            let (answer, actions) = event(&state, .init(now, state.figures.tally(totals)))
            for action in actions { state.pending.append(pending(action, &state, totals, now)) }
            if state.machine.drain?.id != before.drain?.id { state.figures.drainBegan(with: totals) }
            // What is learnt while exiting still counts: no client is served then.
            if state.machine.state == .exiting { state.figures.drainEnded(with: totals) }
            // What the connections wait for has changed.
            if state.machine.state != before.state { state.sampling.forget() }
            return (answer, status(state, state.machine.comingDrain ?? state.machine.drain, totals, now))
        }
    }

    /// For events that need no answer.
    func decide(_ event: (inout DrainStateMachine, DrainStateMachine.Moment) -> [DrainAction]) {
        decide { state, moment in ((), event(&state.machine, moment)) }
    }

    /// The waiters that a decision answers stop waiting at the instant of the decision.
    private func pending(
        _ action: DrainAction, _ state: inout State, _ totals: Totals, _ now: MonotonicTime
    ) -> Pending {
        var pending = Pending(action: action)
        switch action {
        case .finishWaiters(let drain, let milestone):
            guard let result = drain.result else { break }
            pending.answers = state.waiters.remove { $0.drain == drain.id && $0.milestone == milestone }
                .map { ($0, result) }
            if milestone == .drained { state.figures.drainEnded(with: totals, result) }
            pending.drain = drainStatus(drain, state, totals, now)
        case .moveWaiters(let former, let drain):
            state.waiters.move(from: former, to: drain)
            for milestone in [DrainMilestone.drained, .exiting] {
                guard let result = state.machine.result(ofDrain: drain, at: milestone) else { continue }
                pending.answers += state.waiters.remove { $0.drain == drain && $0.milestone == milestone }
                    .map { ($0, result) }
            }
        default: break
        }
        return pending
    }
}

// MARK: - Events

extension Lifecycle {
    func listenersBound(_ addresses: [String]) {
        decide { state, moment in
            state.listen = addresses
            return ((), state.machine.listenersBound(at: moment))
        }
    }

    func drainRequested(_ request: DrainRequest) -> DrainReply {
        let (outcome, status) = decide { state, moment in state.machine.drainRequested(request, at: moment) }
        return DrainReply(outcome: outcome, status: status)
    }

    /// Returns the answer, or nil when `completion` gets it later.
    func undrainRequested(_ completion: @escaping UndrainCompletion) -> (reply: UndrainReply, status: ServiceStatus)? {
        let (outcome, status) = decide { state, moment in
            let (outcome, actions) = state.machine.undrainRequested(at: moment)
            if case .opening(let attempt) = outcome { state.undrains[attempt, default: []].append(completion) }
            return (outcome, actions)
        }
        return UndrainReply(outcome).map { ($0, status) }
    }

    /// A shard has no connection left. When no shard has one, the drain is over.
    func shardEmptied(drain: Int) {
        let totals = self.totals()
        guard totals.accepted == totals.ended else { return }
        decide { machine, moment in machine.connectionsEnded(drain: drain, at: moment) }
    }

    /// When `timePassed` has to be called next; nil: only another event can change anything.
    var nextTimer: MonotonicTime? {
        state.withLock { [$0.machine.nextTimer, $0.waiters.nextLimit].compactMap { $0 }.min() }
    }

    func timePassed() {
        decide { machine, moment in machine.timePassed(at: moment) }
        let overdue = state.withLock { $0.waiters.removeOverdue(at: .now) }
        guard !overdue.isEmpty else { return }
        let status = self.status()
        for waiter in overdue { waiter.completion(.limitPassed, status) }
    }
}

// MARK: - For the driver

extension Lifecycle {
    /// What to do next; nil when everything that was decided is done.
    func nextAction() -> Pending? {
        state.withLock { $0.pending.isEmpty ? nil : $0.pending.removeFirst() }
    }

    func answer(_ pending: Pending) {
        guard !pending.answers.isEmpty else { return }
        var status = self.status()
        if let drain = pending.drain { status.drain = drain }
        for (waiter, result) in pending.answers { waiter.completion(.over(result), status) }
    }

    func finishUndrain(_ attempt: Int, _ outcome: UndrainOutcome) {
        let completions = state.withLock { $0.undrains.removeValue(forKey: attempt) } ?? []
        guard let reply = UndrainReply(outcome) else { return }
        let status = self.status()
        for completion in completions { completion(reply, status) }
    }
}

// MARK: - Waiting

extension Lifecycle {
    /// `ServiceControl.awaitDrain`.
    func awaitDrain(
        id: Int, _ milestone: DrainMilestone, limit: Duration?, _ completion: @escaping Waiters.Completion
    ) -> UInt64? {
        let deadline = limit.map { MonotonicTime.now + $0 }
        let (waiter, result) = state.withLock { state -> (UInt64?, DrainResult?) in
            let drain = state.machine.drainToAwait(id)
            if let result = state.machine.result(ofDrain: drain, at: milestone) {
                return (state.waiters.nextID(), result)
            }
            return (state.waiters.add(drain: drain, milestone, deadline, completion), nil)
        }
        if let result { completion(.over(result), status()) }
        return waiter
    }

    func stopWaiting(_ waiter: UInt64) {
        // Released outside the lock: what the completion holds may be freed here.
        _ = state.withLock { $0.waiters.remove { $0.id == waiter } }
    }
}
