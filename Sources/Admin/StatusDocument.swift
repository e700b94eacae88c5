internal import EchoCore

/// The status object of interface.md, section 5, as it is sent.
struct StatusDocument: Encodable, Sendable {
    private let status: ServiceStatus
    /// Whether the request joined a drain that ran already; nil where the answer has no such key.
    private let joined: Bool?

    init(_ status: ServiceStatus, joined: Bool? = nil) {
        self.status = status
        self.joined = joined
    }

    private enum CodingKeys: String, CodingKey {
        case admin, bytes, connections, drain, joined, lines, listen, pid, ready, state, version
        case exitCode = "exit_code"
        case inState = "in_state_ms"
        case uptime = "uptime_ms"
    }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(status.admin, forKey: .admin)
        try object.encode(BytesDocument(status.bytes), forKey: .bytes)
        try object.encode(ConnectionCountsDocument(status.connections), forKey: .connections)
        try object.encode(Nullable(status.drain.map(DrainDocument.init)), forKey: .drain)
        try object.encode(Nullable(status.exitCode), forKey: .exitCode)
        try object.encode(status.inState.inMilliseconds, forKey: .inState)
        try object.encodeIfPresent(joined, forKey: .joined)
        try object.encode(status.lines, forKey: .lines)
        try object.encode(status.listen, forKey: .listen)
        try object.encode(status.pid, forKey: .pid)
        try object.encode(status.ready, forKey: .ready)
        try object.encode(status.state.rawValue, forKey: .state)
        try object.encode(status.uptime.inMilliseconds, forKey: .uptime)
        try object.encode(status.version, forKey: .version)
    }
}

private struct BytesDocument: Encodable {
    let received, sent, unacked, unread: UInt64

    init(_ bytes: ServiceStatus.Bytes) {
        received = bytes.received
        sent = bytes.sent
        unacked = bytes.unacked
        unread = bytes.unread
    }
}

private struct ConnectionCountsDocument: Encodable {
    let accepted: UInt64
    let active: Int
    /// Every reason is present, so that a reader need not tell "none" from "unknown".
    let closed: [String: UInt64]

    init(_ connections: ServiceStatus.Connections) {
        accepted = connections.accepted
        active = connections.active
        closed = Dictionary(
            uniqueKeysWithValues: CloseReason.allCases.map { ($0.rawValue, connections.closed[$0] ?? 0) })
    }
}

private struct DrainDocument: Encodable {
    let drain: ServiceStatus.Drain

    init(_ drain: ServiceStatus.Drain) {
        self.drain = drain
    }

    private enum CodingKeys: String, CodingKey {
        case closed, id, incomplete, intent, mode, result, trigger, waiters
        case abandonedByPeer = "abandoned_by_peer"
        case acceptQueue = "accept_queue"
        case atMark = "at_mark"
        case blockedOn = "blocked_on"
        case deadlineIn = "deadline_in_ms"
        case delay = "delay_ms"
        case elapsed = "elapsed_ms"
        case fromBacklog = "from_backlog"
        case lateDiscarded = "late_discarded"
        case lostReceived = "lost_received"
        case lostSent = "lost_sent"
        case timeout = "timeout_ms"
    }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(drain.abandonedByPeer, forKey: .abandonedByPeer)
        try object.encode(drain.acceptQueue.rawValue, forKey: .acceptQueue)
        try object.encode(drain.atMark, forKey: .atMark)
        try object.encode(blockers, forKey: .blockedOn)
        try object.encode(drain.closed, forKey: .closed)
        try object.encode(Nullable(drain.deadlineIn?.inMilliseconds), forKey: .deadlineIn)
        try object.encode(drain.delay.inMilliseconds, forKey: .delay)
        try object.encode(drain.elapsed.inMilliseconds, forKey: .elapsed)
        try object.encode(drain.fromBacklog, forKey: .fromBacklog)
        try object.encode(drain.id, forKey: .id)
        try object.encode(drain.incomplete, forKey: .incomplete)
        try object.encode(drain.intent.rawValue, forKey: .intent)
        try object.encode(drain.lateDiscarded, forKey: .lateDiscarded)
        try object.encode(drain.lostReceived, forKey: .lostReceived)
        try object.encode(drain.lostSent, forKey: .lostSent)
        try object.encode(drain.mode.rawValue, forKey: .mode)
        try object.encode(Nullable(drain.result?.rawValue), forKey: .result)
        try object.encode(drain.timeout.inMilliseconds, forKey: .timeout)
        try object.encode(drain.trigger.description, forKey: .trigger)
        try object.encode(drain.waiters, forKey: .waiters)
    }

    /// What nothing waits for is left out, as in the contract's sample: it is a list of what to look at.
    private var blockers: [String: Int] {
        let waiting = drain.blockedOn.filter { $0.value > 0 }
        return Dictionary(uniqueKeysWithValues: waiting.map { ($0.key.rawValue, $0.value) })
    }
}
