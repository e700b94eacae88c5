internal import EchoCore
internal import EventLoops
internal import Logging

/// One loop's share of the connections, and what they have in common. Belongs to the loop's thread.
final class Shard {
    /// What the present drain asks of the connections.
    enum Closing {
        case none
        /// Draining, and nobody is marked yet; what they wait for until then.
        case announced(Blocker)
        /// Mode close: each is marked in its turn; one that has not sent a byte not before so many nanoseconds after it
        /// was accepted.
        case marking(firstLineGrace: Int64)
        /// The deadline is over: whoever still comes is cut.
        case cutting(resetAll: Bool)
    }

    /// Mode upper reads so much at a time that the answer, three times as long at most, fits 64 KiB.
    static let upperReadLimit = 65_536 / 3
    static let verbatimReadLimit = 65_536

    let loop: EventLoop
    let counters: ShardCounters
    let configuration: ServerConfiguration
    let log: Logger
    /// Called on the loop's thread when no connection is left, from `reportEmptiness` on.
    private let emptied: @Sendable () -> Void

    /// Every connection reads into it; one owns memory only while bytes wait.
    let scratch: ScratchBuffer
    /// Answers that do not fit in place.
    var overflow: [UInt8] = []
    var registry = ConnectionRegistry()
    private(set) var closing = Closing.none

    private var reportsEmptiness = false
    private var arrivals: [Arrival] = []
    private var arrivalsTaken = 0
    private var isFinished = false
    private var waiting: CheckedContinuation<Void, Never>?

    init(
        loop: EventLoop, counters: ShardCounters, configuration: ServerConfiguration, log: Logger,
        emptied: @escaping @Sendable () -> Void
    ) {
        self.loop = loop
        self.counters = counters
        self.configuration = configuration
        self.log = log
        self.emptied = emptied
        scratch = ScratchBuffer(
            capacity: configuration.mode == .upper ? Self.upperReadLimit : Self.verbatimReadLimit)
    }

    // MARK: Lives

    /// The loop's root task: each connection is a child task of it and has ended when it returns.
    func serve() async {
        await withDiscardingTaskGroup { group in
            while let arrival = await nextArrival() {
                let shard = LoopBound(self, on: loop)
                group.addTask(executorPreference: loop) {
                    await Connection(arrival, shard: shard.value).live()
                }
            }
        }
    }

    private func nextArrival() async -> Arrival? {
        while arrivalsTaken == arrivals.count {
            arrivals.removeAll(keepingCapacity: arrivalsTaken <= 64)
            arrivalsTaken = 0
            if isFinished { return nil }
            await withCheckedContinuation { waiting = $0 }
        }
        arrivalsTaken += 1
        return arrivals[arrivalsTaken - 1]
    }

    /// Takes over clients that were accepted for this shard.
    func admit(_ batch: [Arrival]) {
        arrivals.append(contentsOf: batch)
        wake()
    }

    /// No further client comes: `serve` returns when the last connection has ended.
    func finish() {
        isFinished = true
        wake()
    }

    private func wake() {
        waiting?.resume()
        waiting = nil
    }

    func began(_ connection: Connection) {
        registry.insert(connection)
    }

    func ended(_ connection: Connection) {
        registry.remove(connection)
        if registry.isEmpty {
            // What a burst needed is not kept.
            overflow = []
        }
    }

    /// After the end was counted: the drain may be over.
    func reportIfEmpty() {
        if reportsEmptiness && registry.isEmpty { emptied() }
    }

    // MARK: Drain

    func announceDrain(_ blocker: Blocker) {
        if case .none = closing { closing = .announced(blocker) }
    }

    /// Begins to close every connection, and those that come later likewise.
    ///
    /// Their turns are spread evenly from now to `spreadUntil`, in random order.
    func mark(spreadUntil: MonotonicTime, firstLineGrace: Duration) {
        closing = .marking(firstLineGrace: firstLineGrace.inNanoseconds)
        let connections = registry.open.shuffled()
        let span = max(0, spreadUntil.nanoseconds - loop.now)
        for (index, connection) in connections.enumerated() {
            connection.takeTurn(at: loop.now + span / Int64(connections.count) * Int64(index + 1))
        }
    }

    /// For the admin: ends a connection that has not ended yet, and returns it as it is after that.
    func close(_ id: UInt64, _ mode: ConnectionCloseMode) -> ConnectionRow? {
        guard let connection = registry.findOpen(id), connection.state != .closed else { return nil }
        connection.closeForAdmin(mode)
        return connection.row()
    }

    /// The deadline: ends every connection now, `drained` or `forced`; with `resetAll` all `forced`.
    func cut(resetAll: Bool) {
        if case .cutting(true) = closing { return }
        closing = .cutting(resetAll: resetAll)
        for connection in registry.open { connection.cut(evenIfDone: resetAll) }
    }

    /// The doors are closed: from now on the drain is over when nobody is left.
    func reportEmptiness() {
        reportsEmptiness = true
        reportIfEmpty()
    }

    /// The drain was taken back.
    func reopen() {
        closing = .none
        reportsEmptiness = false
        for connection in registry.open { connection.drainWasTakenBack() }
    }
}
