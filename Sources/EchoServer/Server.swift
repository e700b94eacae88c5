package import EchoCore
package import EventLoops
package import Logging

/// The data plane: listeners, shards of connections, and the drain. Thread-safe; what has a thread of its own is
/// reached by messages.
package final class Server: Sendable {
    /// Callers of `awaitDrain` at a time.
    static let maximumWaiters = 16

    struct Waiter: Sendable {
        let id: UInt64
        let drain: Int
        let milestone: DrainMilestone
        /// In monotonic nanoseconds; nil: it waits to the end.
        let deadline: Int64?
        let completion: @Sendable (DrainWaitOutcome, ServiceStatus) -> Void
    }

    typealias UndrainCompletion = @Sendable (UndrainReply, ServiceStatus) -> Void

    struct State: Sendable {
        var machine: DrainStateMachine
        /// Decided and not yet done, in the order of the decisions.
        var actions: [DrainAction] = []
        var listen: [String] = []
        var admin: [String] = []
        /// The totals when the drain began, and when it was over.
        var atDrainStart = Totals()
        var atDrainEnd: Totals?
        var sample = Sample()
        /// Until then a sample is not taken anew.
        var sampleIsGoodUntil: Int64 = 0
        /// Who waits for the sample that is being taken; nil when none is.
        var sampleWaiters: [@Sendable (ServiceStatus) -> Void]?
        /// Drains that are over, by the result that each had then.
        var drains: [DrainResult: UInt64] = [:]
        var waiters: [Waiter] = []
        var lastWaiter: UInt64 = 0
        /// Who asked for an undrain whose listeners are being opened, by attempt.
        var undrains: [Int: [UndrainCompletion]] = [:]

        /// What connections wait for while a drain runs, until they are marked.
        var announcedBlocker: Blocker? {
            guard machine.state == .draining else { return nil }
            return machine.drain?.mode == .wait ? .peerClose : .spreadTurn
        }
    }

    /// How the process ends, called on the control loop.
    package struct Ending: Sendable {
        let orderly: @Sendable (ExitCode) -> Void
        let immediate: @Sendable (ExitCode, ServiceStatus) -> Void

        /// `orderly` is to stop the admin plane and then the loops; `immediate` does not return, and gets the status
        /// to report.
        package init(
            orderly: @escaping @Sendable (ExitCode) -> Void,
            immediate: @escaping @Sendable (ExitCode, ServiceStatus) -> Void
        ) {
            self.orderly = orderly
            self.immediate = immediate
        }
    }

    let control: EventLoop
    let shards: [ShardHandle]
    let accepted = AcceptCounters()
    let configuration: ServerConfiguration
    let log: Logger
    let state: Lock<State>
    let heartbeats: Heartbeats
    let observers = Observers()
    let history = Lock(SampleHistory())
    let startedAt: MonotonicTime
    let processID: Int
    private let driver: LoopBound<DrainDriver>

    /// Neither `control` nor `loops` may run yet; connections live on `loops`, everything else on `control`.
    package init(
        _ configuration: ServerConfiguration, control: EventLoop, loops: [EventLoop], processID: Int, log: Logger,
        ending: Ending
    ) {
        let emptied = Relay()
        let shards = loops.map { loop in
            let counters = ShardCounters()
            let shard = Shard(
                loop: loop, counters: counters, configuration: configuration, log: log, emptied: { emptied.call() })
            return ShardHandle(shard, loop: loop, counters: counters)
        }
        startedAt = .now
        self.control = control
        self.shards = shards
        self.configuration = configuration
        self.log = log
        self.processID = processID
        state = Lock(State(machine: DrainStateMachine(defaults: configuration.drain, at: startedAt)))
        heartbeats = Heartbeats(control: control, loops: loops)
        let doors = Doors(
            control: control, shards: shards, configuration: configuration, accepted: accepted, log: log)
        let driver = DrainDriver(control: control, doors: doors, shards: shards, log: log, ending: ending)
        self.driver = LoopBound(givenTo: control, driver)
        emptied.connect { [weak self] in self?.onControl { $0.checkEmptiness() } }
        onControl { [weak self] driver in driver.attach(self) }
    }

    /// The root task of each of the loops.
    package func serve(on loop: EventLoop) async {
        guard let shard = shards.first(where: { $0.loop === loop }) else { return }
        await shard.serve()
    }

    /// Binds the listeners and starts serving. An address that cannot be bound ends the service with exit code 1.
    package func open() {
        onControl { $0.open() }
    }

    /// TERM, INT or QUIT. From any thread.
    package func signalReceived(_ signal: TerminationSignal) {
        decide { machine, moment in ((), machine.signalReceived(signal, at: moment.now)) }
    }

    /// The shards take no further client; their root tasks return when the last connection has ended.
    package func finish() {
        for shard in shards { shard.post { $0.finish() } }
    }

    /// What the admin plane listens on, for the status.
    package func setAdminAddresses(_ addresses: [String]) {
        state.withLock { $0.admin = addresses }
    }

    func onControl(_ body: @escaping @Sendable (DrainDriver) -> Void) {
        let driver = self.driver
        control.post { body(driver.value) }
    }

    // MARK: Decisions

    /// What a decision may depend on.
    struct Moment {
        let now: MonotonicTime
        let totals: Totals
        let drainBeganWith: Totals

        /// Every client that was accepted has ended.
        var nobodyIsLeft: Bool { totals.accepted == totals.ended }

        /// What the connections of the drain cost.
        var tally: DrainTally {
            DrainTally(
                forced: Int((totals.closed[.forced] ?? 0) - (drainBeganWith.closed[.forced] ?? 0)),
                lostReceived: totals.lostReceived - drainBeganWith.lostReceived,
                lostSent: totals.lostSent - drainBeganWith.lostSent)
        }
    }

    /// Tells the machine what happened, queues what it decides in the same critical section, and has it done on the
    /// control loop. Returns the machine's answer and the state that followed from it. `remember` keeps in the same
    /// critical section what the answer needs later.
    @discardableResult
    func decide<Answer: Sendable>(
        _ event: @Sendable (inout DrainStateMachine, Moment) -> (Answer, [DrainAction]),
        remember: @Sendable (inout State, Answer) -> Void = { _, _ in }
    ) -> (answer: Answer, status: ServiceStatus) {
        let now = MonotonicTime.now
        let decision = state.withLock { state in
            let drain = state.machine.drain
            let stateBefore = state.machine.state
            let totals = self.totals()
            let moment = Moment(now: now, totals: totals, drainBeganWith: state.atDrainStart)
            state.machine.counted = moment.tally
            let (answer, actions) = event(&state.machine, moment)
            state.actions += actions
            remember(&state, answer)
            // What the connections wait for is another thing now.
            if state.machine.state != stateBefore { state.sampleIsGoodUntil = 0 }
            if let after = state.machine.drain {
                if after.id != drain?.id {
                    state.atDrainStart = totals
                    state.atDrainEnd = nil
                }
                // What is learnt while exiting still counts: then nobody else is served.
                let isOver = after.result != nil && state.atDrainEnd == nil
                if isOver, let result = after.result { state.drains[result, default: 0] += 1 }
                if isOver || state.machine.state == .exiting { state.atDrainEnd = totals }
            }
            return (answer: answer, status: status(state, totals, now))
        }
        if control.isCurrent {
            // At once, and before this turn of the loop accepts another client.
            driver.value.act()
        } else {
            onControl { $0.act() }
        }
        return decision
    }
}

/// A call that is connected after those who make it exist.
private final class Relay: Sendable {
    private let target = Lock<(@Sendable () -> Void)?>(nil)

    func connect(_ target: @escaping @Sendable () -> Void) {
        self.target.withLock { $0 = target }
    }

    func call() {
        target.withLock { $0 }?()
    }
}
