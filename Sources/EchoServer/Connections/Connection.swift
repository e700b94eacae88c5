internal import EchoCore
internal import EventLoops
internal import Threads
internal import Wire

/// One client. The shard starts and closes it; its pump, which the loop calls, moves the bytes. Everything happens on
/// the loop's thread.
final class Connection: ReadinessHandler {
    enum Phase {
        /// Every byte that arrives is answered.
        /// Exits: `closing` (mark), `flushing` (a bad line), `finishing` (the peer's FIN), `ended`.
        case echoing
        /// Marked: what was received at the mark (`unread` bytes of it are not yet read) and the line it ends in are
        /// answered, and nothing else.
        /// Exits: `lingering`, `echoing` (the peer's FIN came before ours, or undrain), `flushing`, `finishing`.
        case closing(CloseReason, unread: Int)
        /// A line was bad: nothing more is answered, what was answered is still being written. Exit: `lingering`.
        case flushing(CloseReason)
        /// Our FIN is sent. Input is counted and discarded until the peer's FIN; `until` is set when everything that we
        /// sent is acknowledged. Exit: `ended`.
        case lingering(CloseReason, until: Int64?)
        /// The peer's FIN has come; its answers are being written and acknowledged. Exit: `ended`.
        case finishing
        /// Over the connection limit: FIN is sent, input is discarded. Exit: `ended`.
        case refused(until: Int64)
        case ended(CloseReason)
    }

    /// How long a refused client is read, in nanoseconds (contract.md, section 1, `--max-connections`).
    static let refusalLinger: Int64 = 100_000_000

    let id: UInt64
    let shard: Shard
    let peer: SocketAddress
    let openedAt: Int64
    /// The same by the wall clock; read once, because it must not change when that clock is set.
    private let openedAtUnix = WallClock.now
    private let knownLocal: SocketAddress?

    var socket: Socket?
    private var registration: Registration?

    var phase = Phase.echoing
    var uppercaser: LineUppercaser
    /// Answers that the kernel has not taken yet, from `pendingStart` on.
    var pending: [UInt8] = []
    var pendingStart = 0
    var peerHasFinished = false
    /// Our FIN counts as a byte in SIOCOUTQ.
    var finIsSent = false
    /// Whether a read that is shorter than its buffer has taken everything. False once there is an urgent mark, at
    /// which reads stop, or an end of file or error, which comes without a new event.
    var shortReadsEmpty = true

    var lines: UInt64 = 0
    var received: UInt64 = 0
    var sent: UInt64 = 0
    var lateDiscarded: UInt64 = 0
    var lastActivity: Int64
    private var endedAt: Int64?

    /// When its turn to be marked comes.
    var markDueAt: Int64?
    var wasMarked = false
    /// When to check whether the peer still takes bytes; set while answers wait and a timeout is on.
    var writeCheckAt: Int64?
    var acknowledgedAtCheck: UInt64 = 0
    var acknowledgedSince: Int64 = 0
    /// Set while the close timeout runs.
    var closeWatch: CloseWatch?
    /// Set while the kernel lacks memory for a call on the socket.
    var retry: Retry?
    /// For the idle timeout only: the write timeout's checks must not hide progress from it.
    var acknowledgedAtIdleCheck: UInt64 = 0

    init(_ arrival: Arrival, shard: Shard) {
        id = arrival.id
        self.shard = shard
        peer = arrival.socket.peer
        knownLocal = arrival.local
        socket = Socket(owning: arrival.socket.number)
        openedAt = shard.loop.now
        lastActivity = openedAt
        uppercaser = LineUppercaser(maximumLineLength: shard.configuration.maximumLineLength)
        // On a Unix socket a read also stops after bytes that came with descriptors (SCM_RIGHTS).
        if isUnix { shortReadsEmpty = false }
    }

    /// Begins to serve the client, or to refuse it.
    func start(isRefused: Bool) {
        shard.log.connectionOpened(self)
        guard let number = socket?.number, let registration = try? shard.loop.register(self, descriptor: number) else {
            return end(.refused)
        }
        self.registration = registration
        if isRefused { return refuse() }
        switch shard.closing {
        case .none, .announced: break
        case .marking: takeTurn(at: shard.loop.now)
        case .cutting(let resetAll): return cut(evenIfDone: resetAll)
        }
        rearmTimer()
    }

    /// The only way a connection ends. The shard closes the connection at the end of this turn, or of a later one when
    /// many end at once.
    func end(_ reason: CloseReason) {
        if case .ended = phase { return }
        phase = .ended(reason)
        endedAt = shard.loop.now
        pending = []
        shard.connectionEnded(self)
    }

    /// Releases the registration and the descriptor. Called by the shard only.
    func close() {
        if let registration { shard.loop.deregister(registration) }
        _ = socket.take()
    }

    func pumpAgain() {
        if let registration { shard.loop.callAgain(registration) }
    }

    func setTimer(at deadline: Int64?) {
        if let registration { shard.loop.setTimer(registration, at: deadline) }
    }

    private func refuse() {
        let until = shard.loop.now + Self.refusalLinger
        phase = .refused(until: until)
        // If the FIN fails, the close after the linger still tells the client.
        _ = socket?.shutdownWriting()
        finIsSent = true
        setTimer(at: until)
    }
}

// MARK: - What the admin plane sees

extension Connection {
    var isUnix: Bool {
        if case .unix = peer { true } else { false }
    }

    var unreadBytes: Int { socket?.unreadBytes ?? 0 }

    /// Output bytes that the peer's kernel has not acknowledged; 0 on Unix sockets, where it has them at once.
    var unacknowledgedBytes: Int {
        if isUnix { return 0 }
        let queued = socket?.unacknowledgedBytes ?? 0
        return max(0, finIsSent ? queued - 1 : queued)
    }

    /// Bytes of an unfinished line; nil in mode verbatim.
    var partialLine: Int? {
        switch shard.configuration.mode {
        case .upper: uppercaser.partialLineLength
        case .verbatim: nil
        }
    }

    var state: ConnectionState {
        switch phase {
        case .echoing: .open
        case .closing, .flushing, .lingering, .refused: .closing
        case .finishing: .halfClosed
        case .ended: .closed
        }
    }

    var local: SocketAddress {
        if let knownLocal { return knownLocal }
        return (try? socket?.localAddress()) ?? .unix(path: nil)
    }

    /// What its row says it waits for: in a drain, what the drain counts it under; otherwise, a client that does not
    /// read.
    var blocker: Blocker? {
        if let closingBlocker { return closingBlocker }
        if case .echoing = phase, !pending.isEmpty { return .peerRead }
        return nil
    }

    /// What keeps it from ending, while a drain runs or when it is closed for another reason.
    var closingBlocker: Blocker? {
        switch (shard.closing, phase) {
        case (.none, .echoing), (_, .ended), (_, .refused): nil
        case (.announced(let blocker), .echoing): blocker
        case (_, .echoing): .spreadTurn
        case (_, .flushing), (_, .finishing): .peerRead
        case (_, .lingering(_, let until)): until == nil && unacknowledgedBytes > 0 ? .peerRead : .peerClose
        case (_, .closing(_, let unread)):
            if !pending.isEmpty { .peerRead } else if unread > 0 { .unreadInput } else { .partialLine }
        }
    }

    /// A snapshot. `withKernelQueues` costs two system calls, or three if only the socket knows its local address;
    /// without it, that address is left out.
    func row(state: ConnectionState? = nil, withKernelQueues: Bool = true) -> ConnectionRow {
        let isOpen = endedAt == nil && withKernelQueues
        let local = withKernelQueues ? self.local : knownLocal ?? .unix(path: nil)
        return ConnectionRow(
            id: id, peer: peer, local: local, openedAt: openedAt, lastActivity: lastActivity, endedAt: endedAt,
            openedAtUnix: openedAtUnix, state: state ?? self.state, reason: reason,
            blocker: endedAt == nil ? blocker : nil, lines: lines, received: received, sent: sent,
            lateDiscarded: lateDiscarded, partialLine: partialLine, unread: isOpen ? unreadBytes : 0,
            unacked: isOpen ? unacknowledgedBytes : 0)
    }

    var reason: CloseReason? {
        if case .ended(let reason) = phase { reason } else { nil }
    }
}
