internal import EchoCore

/// One page of `GET /connections`, as it is sent.
struct ConnectionPageDocument: Encodable, Sendable {
    private let connections: [ConnectionDocument]
    private let next: Nullable<UInt64>
    private let total: Int

    init(_ page: ConnectionPage) {
        connections = page.connections.map(ConnectionDocument.init)
        next = Nullable(page.next)
        total = page.total
    }
}

/// One connection, as it is sent.
struct ConnectionDocument: Encodable, Sendable {
    private let connection: ConnectionInfo

    init(_ connection: ConnectionInfo) {
        self.connection = connection
    }

    private enum CodingKeys: String, CodingKey {
        case id, lines, local, mode, peer, reason, received, sent, state, unacked, unread
        case age = "age_ms"
        case blockedOn = "blocked_on"
        case idle = "idle_ms"
        case lateDiscarded = "late_discarded"
        case openedAt = "opened_at"
        case partialLine = "partial_line"
    }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(connection.age.inMilliseconds, forKey: .age)
        try object.encode(Nullable(connection.blockedOn?.rawValue), forKey: .blockedOn)
        try object.encode(connection.id, forKey: .id)
        try object.encode(connection.idle.inMilliseconds, forKey: .idle)
        try object.encode(connection.lateDiscarded, forKey: .lateDiscarded)
        try object.encode(connection.lines, forKey: .lines)
        try object.encode(connection.local, forKey: .local)
        try object.encode(connection.mode.rawValue, forKey: .mode)
        try object.encode(
            Timestamp.rfc3339(unixNanoseconds: connection.openedAtUnixNanoseconds), forKey: .openedAt)
        try object.encode(Nullable(connection.partialLine), forKey: .partialLine)
        try object.encode(connection.peer, forKey: .peer)
        try object.encode(Nullable(connection.reason?.rawValue), forKey: .reason)
        try object.encode(connection.received, forKey: .received)
        try object.encode(connection.sent, forKey: .sent)
        try object.encode(connection.state.rawValue, forKey: .state)
        try object.encode(connection.unacked, forKey: .unacked)
        try object.encode(connection.unread, forKey: .unread)
    }
}
