/// A connection as the admin plane sees it: one row of `GET /connections`.
package struct ConnectionInfo: Hashable, Sendable, Codable {
    @Milliseconds package var age: Duration
    @Nullable package var blockedOn: Blocker?
    /// Counts from 1 in the order of acceptance; never reused.
    package var id: UInt64
    /// Time since a byte was last read from the peer or acknowledged by it.
    @Milliseconds package var idle: Duration
    package var lateDiscarded: UInt64
    package var lines: UInt64
    package var local: String
    package var mode: EchoMode
    /// Wall-clock time in the format of RFC 3339; for display only.
    package var openedAt: String
    /// Bytes of an unfinished line; nil in mode verbatim.
    @Nullable package var partialLine: Int?
    /// `127.0.0.1:51234`, `[::1]:51234`, or `unix` for an unnamed peer; IPv4-mapped peers as IPv4.
    package var peer: String
    @Nullable package var reason: CloseReason?
    /// Bytes read and written so far.
    package var received: UInt64
    package var sent: UInt64
    package var state: ConnectionState
    /// Bytes that wait in the kernel: SIOCOUTQ and SIOCINQ.
    package var unacked: Int
    package var unread: Int

    /// In the order in which they are sent, which is sorted by name.
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case age = "age_ms"
        case blockedOn = "blocked_on"
        case id
        case idle = "idle_ms"
        case lateDiscarded = "late_discarded"
        case lines, local, mode
        case openedAt = "opened_at"
        case partialLine = "partial_line"
        case peer, reason, received, sent, state, unacked, unread
    }

    package init(
        id: UInt64, peer: String, local: String, mode: EchoMode, openedAt: String,
        age: Duration, idle: Duration, state: ConnectionState, reason: CloseReason? = nil,
        blockedOn: Blocker? = nil, lines: UInt64 = 0, received: UInt64 = 0, sent: UInt64 = 0,
        lateDiscarded: UInt64 = 0, partialLine: Int? = nil, unread: Int = 0, unacked: Int = 0
    ) {
        self.id = id
        self.peer = peer
        self.local = local
        self.mode = mode
        self.openedAt = openedAt
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

/// One page of `GET /connections`.
package struct ConnectionPage: Hashable, Sendable, Codable {
    package var connections: [ConnectionInfo]
    /// The id to pass as `after` for the next page; nil at the end or for orders other than id.
    @Nullable package var next: UInt64?
    /// How many connections match, on all pages.
    package var total: Int

    package init(connections: [ConnectionInfo], next: UInt64?, total: Int) {
        self.connections = connections
        self.next = next
        self.total = total
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case connections, next, total
    }
}
