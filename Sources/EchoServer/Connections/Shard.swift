internal import Basics
internal import EventLoops
internal import Logging
internal import Wire

/// A client on its way from the accept queue to its shard.
struct Arrival: Sendable {
    let id: UInt64
    let socket: AcceptedSocket
    /// nil where the listener is bound to every interface: then only the socket knows.
    let local: SocketAddress?
    /// The connection limit was reached: FIN at once.
    let isRefused: Bool
}

/// A shard as other threads see it.
final class ShardHandle: Sendable {
    let loop: EventLoop
    let counters: ShardCounters
    /// Connections handed to the shard so far. Written on the control loop.
    let assigned = Counter()
    private let shard: LoopBound<Shard>

    /// Must be called before the loop runs.
    init(_ shard: sending Shard, loop: EventLoop, counters: ShardCounters) {
        self.loop = loop
        self.counters = counters
        self.shard = LoopBound(givenTo: loop, shard)
    }

    /// Serves on the calling thread, once. Returns when no further client comes (`Shard.finish`) and the last
    /// connection is closed, and only then: no client, descriptor or call is left behind.
    func run() {
        loop.run()
    }

    /// Calls `body` with the shard, on its loop.
    func post(_ body: @escaping @Sendable (Shard) -> Void) {
        let shard = self.shard
        loop.post { body(shard.value) }
    }

    /// Control loop only.
    func admit(_ arrivals: [Arrival]) {
        assigned.add(arrivals.count)
        post { $0.admit(arrivals) }
    }
}

/// One loop's connections, which the shard owns, and what they have in common. Belongs to the loop's thread.
final class Shard {
    /// What the current drain asks of the connections.
    enum Closing {
        case none
        /// Draining, but no connection is marked yet; the blocker is what they wait for until then.
        case announced(Blocker)
        /// Mode close: each connection is marked in its turn; one that has not sent a byte is not marked until this
        /// many nanoseconds after it was accepted.
        case marking(firstLineGrace: Int64)
        /// The deadline has passed: a client that still arrives is cut.
        case cutting(resetAll: Bool)
    }

    /// Mode upper reads at most this much at a time, so that the answer, at most three times as long, fits 64 KiB.
    static let upperReadLimit = 65_536 / 3
    static let verbatimReadLimit = 65_536
    private static let closesAtATime = 16

    let loop: EventLoop
    let counters: ShardCounters
    let configuration: ServerConfiguration
    let log: Logger
    /// All connections read into this buffer; a connection owns memory only while bytes wait.
    let scratch: ScratchBuffer
    /// Answers that do not fit in place.
    var overflow: [UInt8] = []
    var registry = ConnectionRegistry()
    private(set) var closing = Closing.none

    /// Called at the end of a turn in which no connection is left, once the listeners are closed.
    private var emptied: (@Sendable () -> Void)?
    /// Connections that have ended, and how many of them are closed. More than a few take more than a turn.
    private var ended: [Connection] = []
    private var closed = 0
    private var isFinished = false

    init(loop: EventLoop, counters: ShardCounters, configuration: ServerConfiguration, log: Logger) {
        self.loop = loop
        self.counters = counters
        self.configuration = configuration
        self.log = log
        scratch = ScratchBuffer(
            capacity: configuration.mode == .upper ? Self.upperReadLimit : Self.verbatimReadLimit)
    }

    // MARK: Connections

    /// Takes over clients that were accepted for this shard, in the order of their ids.
    func admit(_ arrivals: [Arrival]) {
        for arrival in arrivals {
            let connection = Connection(arrival, shard: self)
            registry.insert(connection)
            connection.start(isRefused: arrival.isRefused)
        }
    }

    /// No more clients will come: the loop stops when the last connection is closed. A client that comes anyway is
    /// served, and waited for, while the loop still runs.
    func finish() {
        isFinished = true
        closeEndedInThisTurn()
    }

    /// Called once for each connection, by its `end`.
    func connectionEnded(_ connection: Connection) {
        if ended.isEmpty { closeEndedInThisTurn() }
        ended.append(connection)
    }

    private func closeEndedInThisTurn() {
        loop.work(.prompt) { [self] in closeEnded() }
    }

    /// The only place where connections are closed. When the last one is closed, the drain may be over, and so may the
    /// shard. Returns whether all are closed.
    private func closeEnded() -> Bool {
        let end = min(closed + Self.closesAtATime, ended.count)
        for index in closed..<end { close(ended[index]) }
        closed = end
        guard closed == ended.count else { return false }
        ended.removeAll(keepingCapacity: ended.count <= 64)
        closed = 0
        if registry.isEmpty { becameEmpty() }
        return true
    }

    private func becameEmpty() {
        // Memory that a burst needed is not kept.
        overflow = []
        emptied?()
        guard isFinished else { return }
        // `emptied` holds the driver, which holds the shards.
        emptied = nil
        loop.stop()
    }

    /// The descriptor is closed before the end is counted: when no connection is left, no descriptor is left either.
    private func close(_ connection: Connection) {
        guard let reason = connection.reason else { preconditionFailure("a connection is closed that has not ended") }
        log.connectionClosed(connection, reason)
        registry.remove(connection)
        connection.close()
        counters.countEnd(reason)
    }

    // MARK: Drain

    func announceDrain(_ blocker: Blocker) {
        if case .none = closing { closing = .announced(blocker) }
    }

    /// Begins to close every connection, including those that come later.
    ///
    /// Their turns are spread evenly from now to `spreadUntil`, in random order.
    func mark(spreadUntil: MonotonicTime, firstLineGrace: Duration) {
        closing = .marking(firstLineGrace: firstLineGrace.inNanoseconds)
        let span = max(0, spreadUntil.nanoseconds - loop.now)
        let connections = span == 0 ? registry.open : registry.open.shuffled()
        let start = loop.now
        loop.work(.prompt, through: connections.count) { part in
            for index in part {
                connections[index].takeTurn(at: start + span / Int64(connections.count) * Int64(index + 1))
            }
        }
    }

    /// For the admin: ends a connection that has not ended yet, and returns it as it is after that.
    func close(_ id: UInt64, _ mode: ConnectionCloseMode) -> ConnectionRow? {
        guard let connection = registry.findOpen(id), connection.state != .closed else { return nil }
        connection.closeForAdmin(mode)
        return connection.row()
    }

    /// The deadline: ends every connection now, as `drained` or `forced`; with `resetAll`, all as `forced`.
    func cut(resetAll: Bool) {
        if case .cutting(true) = closing { return }
        closing = .cutting(resetAll: resetAll)
        let connections = registry.open
        loop.work(.prompt, through: connections.count) { [self] part in
            guard case .cutting = closing else { return }
            for connection in connections[part] { connection.cut(evenIfDone: resetAll) }
        }
    }

    /// The listeners are closed: from now on the drain is over when no connection is left.
    func reportEmptiness(to emptied: @escaping @Sendable () -> Void) {
        self.emptied = emptied
        closeEndedInThisTurn()
    }

    /// The drain was taken back.
    func reopen() {
        closing = .none
        emptied = nil
        for connection in registry.open { connection.drainWasTakenBack() }
    }
}
