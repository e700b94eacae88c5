/// The status object of interface.md, section 5: a snapshot, all of one instant.
package struct ServiceStatus: Hashable, Sendable {
    package struct Bytes: Hashable, Sendable {
        package var received: UInt64
        package var sent: UInt64
        /// Sums over the open connections of what waits in the kernel.
        package var unacked: UInt64
        package var unread: UInt64

        package init(received: UInt64 = 0, sent: UInt64 = 0, unacked: UInt64 = 0, unread: UInt64 = 0) {
            self.received = received
            self.sent = sent
            self.unacked = unacked
            self.unread = unread
        }
    }

    package struct Connections: Hashable, Sendable {
        package var accepted: UInt64
        package var active: Int
        /// Every reason is present; their sum with `active` is `accepted`.
        package var closed: [CloseReason: UInt64]

        package init(accepted: UInt64 = 0, active: Int = 0, closed: [CloseReason: UInt64] = [:]) {
            self.accepted = accepted
            self.active = active
            self.closed = Dictionary(uniqueKeysWithValues: CloseReason.allCases.map { ($0, closed[$0] ?? 0) })
        }
    }

    package struct Drain: Hashable, Sendable {
        /// Counts from 1.
        package var id: Int
        package var intent: DrainIntent
        package var mode: DrainMode
        package var trigger: DrainTrigger
        package var delay: Duration
        package var timeout: Duration
        package var elapsed: Duration
        /// nil once it is over.
        package var deadlineIn: Duration?
        package var result: DrainResult?
        package var acceptQueue: AcceptQueueGuarantee
        package var atMark: UInt64
        package var closed: UInt64
        package var fromBacklog: UInt64
        package var blockedOn: [Blocker: Int]
        package var lateDiscarded: UInt64
        package var lostReceived: UInt64
        package var lostSent: UInt64
        package var incomplete: UInt64
        package var abandonedByPeer: UInt64
        package var waiters: Int

        package init(
            id: Int, intent: DrainIntent, mode: DrainMode, trigger: DrainTrigger, delay: Duration, timeout: Duration,
            elapsed: Duration, deadlineIn: Duration?, result: DrainResult? = nil,
            acceptQueue: AcceptQueueGuarantee = .lossless, atMark: UInt64 = 0, closed: UInt64 = 0,
            fromBacklog: UInt64 = 0, blockedOn: [Blocker: Int] = [:], lateDiscarded: UInt64 = 0,
            lostReceived: UInt64 = 0, lostSent: UInt64 = 0, incomplete: UInt64 = 0, abandonedByPeer: UInt64 = 0,
            waiters: Int = 0
        ) {
            self.id = id
            self.intent = intent
            self.mode = mode
            self.trigger = trigger
            self.delay = delay
            self.timeout = timeout
            self.elapsed = elapsed
            self.deadlineIn = deadlineIn
            self.result = result
            self.acceptQueue = acceptQueue
            self.atMark = atMark
            self.closed = closed
            self.fromBacklog = fromBacklog
            self.blockedOn = blockedOn
            self.lateDiscarded = lateDiscarded
            self.lostReceived = lostReceived
            self.lostSent = lostSent
            self.incomplete = incomplete
            self.abandonedByPeer = abandonedByPeer
            self.waiters = waiters
        }
    }

    package var admin: [String]
    package var listen: [String]
    package var bytes: Bytes
    package var connections: Connections
    /// The current or the last drain; nil before the first.
    package var drain: Drain?
    /// What the process would end with; nil until drained.
    package var exitCode: Int?
    package var inState: Duration
    package var lines: UInt64
    package var pid: Int
    package var state: ServiceState
    package var uptime: Duration
    package var version: String
    /// The connection limit is reached: still ready, and `/readyz` says so.
    package var isFull: Bool

    package var ready: Bool { state == .serving }

    package init(
        admin: [String], listen: [String], bytes: Bytes = Bytes(), connections: Connections = Connections(),
        drain: Drain? = nil, exitCode: Int? = nil, inState: Duration = .zero, lines: UInt64 = 0, pid: Int,
        state: ServiceState, uptime: Duration = .zero, version: String, isFull: Bool = false
    ) {
        self.admin = admin
        self.listen = listen
        self.bytes = bytes
        self.connections = connections
        self.drain = drain
        self.exitCode = exitCode
        self.inState = inState
        self.lines = lines
        self.pid = pid
        self.state = state
        self.uptime = uptime
        self.version = version
        self.isFull = isFull
    }
}
