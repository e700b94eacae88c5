/// The status object of contract.md, section 5: a snapshot of a single instant.
package struct ServiceStatus: Hashable, Sendable, Codable {
    package var admin: [String]
    package var listen: [String]
    package var bytes: Bytes
    package var connections: Connections
    /// The current or the last drain; nil before the first.
    @Nullable package var drain: Drain?
    /// The exit code that the process would end with; nil until drained.
    @Nullable package var exitCode: Int?
    @Milliseconds package var inState: Duration
    /// Whether the request joined a drain that was already running; other answers omit the key.
    package var joined: Bool?
    package var lines: UInt64
    package var pid: Int
    package private(set) var ready: Bool
    package var state: ServiceState { didSet { ready = state == .serving } }
    @Milliseconds package var uptime: Duration
    package var version: String
    /// Whether the connection limit is reached: the service is still ready, and `/readyz` says that it is full. Not
    /// part of the object.
    package var isFull = false

    private enum CodingKeys: String, CodingKey {
        case admin, bytes, connections, drain, joined, lines, listen, pid, ready, state, version
        case exitCode = "exit_code"
        case inState = "in_state_ms"
        case uptime = "uptime_ms"
    }

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
        self.ready = state == .serving
        self.state = state
        self.uptime = uptime
        self.version = version
        self.isFull = isFull
    }

    package struct Bytes: Hashable, Sendable, Codable {
        package var received: UInt64
        package var sent: UInt64
        /// Bytes that wait in the kernel, summed over the open connections.
        package var unacked: UInt64
        package var unread: UInt64

        package init(received: UInt64 = 0, sent: UInt64 = 0, unacked: UInt64 = 0, unread: UInt64 = 0) {
            self.received = received
            self.sent = sent
            self.unacked = unacked
            self.unread = unread
        }
    }

    package struct Connections: Hashable, Sendable, Codable {
        package var accepted: UInt64
        package var active: Int
        /// Together with `active` they add up to `accepted`.
        package var closed: Counts<CloseReason>

        package init(accepted: UInt64 = 0, active: Int = 0, closed: Counts<CloseReason> = [:]) {
            self.accepted = accepted
            self.active = active
            self.closed = closed
        }
    }
}
