/// Where a connection stands in its life.
package enum ConnectionState: String, Hashable, Sendable, CaseIterable {
    case open
    /// We have begun to close it: it was marked, or our FIN is sent.
    case closing
    /// The peer has sent its FIN and still gets answers.
    case halfClosed = "half_closed"
    case closed
}

/// The one reason for which a connection ended (interface.md, section 4).
package enum CloseReason: String, Hashable, Sendable, CaseIterable {
    case peerClosed = "peer_closed"
    case drained
    case idle
    case lineTooLong = "line_too_long"
    case invalidUTF8 = "invalid_utf8"
    case adminClosed = "admin_closed"
    case resetByPeer = "reset_by_peer"
    case writeStalled = "write_stalled"
    case forced
    case refused
}

/// How `DELETE /connections/{id}` ends a connection.
package enum ConnectionCloseMode: String, Hashable, Sendable, CaseIterable {
    /// What was received is answered, then FIN and the linger, as in a drain's mode close. Outside a drain there is no
    /// deadline to complete a line by: an unfinished one is given up, as by the idle timeout.
    case close
    /// Reset at once; what that destroys is counted as lost.
    case abort
}

/// What keeps a connection from ending in a drain, or one that is served from being read (`peerRead`).
package enum Blocker: String, Hashable, Sendable, CaseIterable {
    case unreadInput = "unread_input"
    case partialLine = "partial_line"
    /// The peer's window is full: the kernel does not take all answers, or has not got all acknowledged.
    case peerRead = "peer_read"
    /// Our FIN is sent, or the mode is wait.
    case peerClose = "peer_close"
    case spreadTurn = "spread_turn"
}

/// A connection as the admin plane sees it: one row of `GET /connections`.
package struct ConnectionInfo: Hashable, Sendable {
    /// Counts from 1 in the order of acceptance; never reused.
    package var id: UInt64
    /// `127.0.0.1:51234`, `[::1]:51234`, or `unix` for an unnamed peer; IPv4-mapped peers as IPv4.
    package var peer: String
    package var local: String
    package var mode: EchoMode
    /// Wall clock, nanoseconds since 1970, for display only.
    package var openedAtUnixNanoseconds: Int64
    package var age: Duration
    /// Since a byte was read from or acknowledged by the peer.
    package var idle: Duration
    package var state: ConnectionState
    package var reason: CloseReason?
    package var blockedOn: Blocker?
    package var lines: UInt64
    /// Bytes read and written so far.
    package var received: UInt64
    package var sent: UInt64
    package var lateDiscarded: UInt64
    /// Bytes of an unfinished line; nil in mode verbatim.
    package var partialLine: Int?
    /// Bytes that wait in the kernel: SIOCINQ and SIOCOUTQ.
    package var unread: Int
    package var unacked: Int

    package init(
        id: UInt64, peer: String, local: String, mode: EchoMode, openedAtUnixNanoseconds: Int64,
        age: Duration, idle: Duration, state: ConnectionState, reason: CloseReason? = nil,
        blockedOn: Blocker? = nil, lines: UInt64 = 0, received: UInt64 = 0, sent: UInt64 = 0,
        lateDiscarded: UInt64 = 0, partialLine: Int? = nil, unread: Int = 0, unacked: Int = 0
    ) {
        self.id = id
        self.peer = peer
        self.local = local
        self.mode = mode
        self.openedAtUnixNanoseconds = openedAtUnixNanoseconds
        self.age = age
        self.idle = idle
        self.state = state
        self.reason = reason
        self.blockedOn = blockedOn
        self.lines = lines
        self.received = received
        self.sent = sent
        self.lateDiscarded = lateDiscarded
        self.partialLine = partialLine
        self.unread = unread
        self.unacked = unacked
    }
}

/// Which connections `GET /connections` asks for.
package struct ConnectionQuery: Hashable, Sendable {
    package enum Order: String, Hashable, Sendable, CaseIterable {
        /// Ascending; the others descend, the largest first.
        case id
        case age, idle, received, sent
    }

    package var state: ConnectionState?
    package var blockedOn: Blocker?
    /// An address with or without a port, as `ConnectionInfo.peer` shows it.
    package var peer: String?
    package var order: Order
    /// 1 to 1000.
    package var limit: Int
    /// Only ids above this one; used with order `id` only.
    package var after: UInt64?

    package init(
        state: ConnectionState? = nil, blockedOn: Blocker? = nil, peer: String? = nil, order: Order = .id,
        limit: Int = 100, after: UInt64? = nil
    ) {
        self.state = state
        self.blockedOn = blockedOn
        self.peer = peer
        self.order = order
        self.limit = limit
        self.after = after
    }
}

/// The answer to a `ConnectionQuery`.
package struct ConnectionPage: Hashable, Sendable {
    /// Makes the page from what was gathered.
    package typealias Maker = @Sendable () -> ConnectionPage

    package var connections: [ConnectionInfo]
    /// The id to pass as `after` for the next page; nil at the end or for orders other than id.
    package var next: UInt64?
    /// How many connections match, on all pages.
    package var total: Int

    package init(connections: [ConnectionInfo], next: UInt64?, total: Int) {
        self.connections = connections
        self.next = next
        self.total = total
    }
}
