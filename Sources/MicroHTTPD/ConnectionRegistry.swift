internal import CMicroHTTPD

/// The open connections of a server, what each waits for, and until when.
///
/// A suspended connection is resumed, looked at or shut down, and an overdue one shut down, while holding the lock:
/// that is what keeps the library's handle and the descriptor valid. All are short calls that cannot block.
///
/// `@unchecked Sendable`: every variable belongs to `lock`.
final class ConnectionRegistry: @unchecked Sendable {
    enum Phase { case serving, stopping, closing }

    /// How often it is looked whether the client of a suspended connection is still there.
    static let presenceInterval = Duration.seconds(1)

    let configuration: HTTPServerConfiguration
    /// Called without the lock when a deadline was set that lies before the one the watchdog sleeps for.
    private let wake: @Sendable () -> Void
    let lock = Lock()
    private var connections: [ObjectIdentifier: ServerConnection] = [:]
    private(set) var phase = Phase.serving
    private var inFlight = 0
    private var suspensions: UInt64 = 0
    /// When the watchdog looks again; nil: not before it is woken.
    private var watchdogDue: Instant?
    private var mustWake = false

    init(configuration: HTTPServerConfiguration, wake: @escaping @Sendable () -> Void) {
        self.configuration = configuration
        self.wake = wake
    }

    var count: Int { lock.withLock { connections.count } }

    /// Answers are the last on their connection from then on.
    var isStopping: Bool { lock.withLock { phase != .serving } }

    // MARK: The library's thread

    func opened(_ connection: ServerConnection, now: Instant) {
        updating {
            connections[ObjectIdentifier(connection)] = connection
            setDeadline(now + configuration.requestDeadline, of: connection)
        }
    }

    /// The descriptor is closed right after this returns. False when nobody must wait for the peer's end.
    func closed(_ connection: ServerConnection) -> Bool {
        lock.withLock {
            connections[ObjectIdentifier(connection)] = nil
            connection.deadline = nil
            return !connection.isEvicted && phase != .closing
        }
    }

    /// The first line has arrived. A deadline that is nearer stays: a slow first line is not rewarded.
    func requestStarted(_ connection: ServerConnection, now: Instant) {
        updating {
            inFlight += 1
            connection.exchange = .active
            let deadline = now + configuration.requestDeadline
            setDeadline(min(connection.deadline ?? deadline, deadline), of: connection)
        }
    }

    /// The head is complete; what follows is the time for the answer.
    func requestReceived(_ connection: ServerConnection, now: Instant) {
        updating { setDeadline(now + configuration.responseDeadline, of: connection) }
    }

    /// Every byte of the answer is with the kernel, or there will be none.
    func requestEnded(_ connection: ServerConnection, now: Instant) {
        updating {
            inFlight -= 1
            connection.exchange = .idle
            // An idle connection is the library's to close; this ends one that sends a line a byte at a time.
            setDeadline(now + configuration.inactivityTimeout + configuration.requestDeadline, of: connection)
            if inFlight == 0 { lock.signal() }
        }
    }

    /// Parks the request; nil when the server stops and waits for nothing new. Only in the library's handler callback.
    func suspend(_ connection: ServerConnection, now: Instant) -> UInt64? {
        updating {
            guard phase != .closing else { return nil }
            suspensions += 1
            connection.exchange = .suspended(suspensions)
            setDeadline(now + Self.presenceInterval, of: connection)
            MHD_suspend_connection(connection.handle)
            return suspensions
        }
    }

    /// What makes the answer of a request that was suspended, once. It is made without the lock.
    func takeAnswer(of connection: ServerConnection) -> DeferredResponse.Maker? {
        lock.withLock {
            guard case .completed(let make) = connection.exchange else { return nil }
            connection.exchange = .active
            return make
        }
    }

    /// Whether the client hung up while the connection was suspended.
    func isAbandoned(_ connection: ServerConnection) -> Bool {
        lock.withLock {
            if case .abandoned = connection.exchange { true } else { false }
        }
    }

    // MARK: Any thread

    func isWaiting(_ connection: ServerConnection, _ number: UInt64) -> Bool {
        lock.withLock {
            if case .suspended(number) = connection.exchange { true } else { false }
        }
    }

    /// Does nothing unless the connection still waits for this number: the handle may be gone.
    func complete(
        _ connection: ServerConnection, _ number: UInt64, with make: @escaping DeferredResponse.Maker, now: Instant
    ) {
        updating {
            guard case .suspended(number) = connection.exchange else { return }
            resume(connection, with: make, now: now)
        }
    }

    /// `body` is called once when the client is found to have hung up, at once when nobody waits for this number.
    func onDisconnect(of connection: ServerConnection, _ number: UInt64, _ body: @escaping @Sendable () -> Void) {
        let isOver = lock.withLock {
            guard case .suspended(number) = connection.exchange else { return true }
            connection.disconnected = body
            return false
        }
        if isOver { body() }
    }

    // MARK: Stopping

    /// Streams end with what was sent so far.
    func beginStopping(now: Instant) {
        updating {
            if phase == .serving { phase = .stopping }
            for connection in connections.values {
                if case .streaming(let buffer) = connection.exchange { finishWithLockHeld(buffer, now: now) }
            }
        }
    }

    /// False when requests are still in flight at the deadline.
    func waitUntilIdle(until deadline: Instant) -> Bool {
        lock.withLock {
            while inFlight > 0 {
                guard lock.wait(until: deadline) else { return inFlight == 0 }
            }
            return true
        }
    }

    /// Answers what is suspended, and lets nothing be suspended any more: the library aborts the process when it is
    /// stopped with a suspended connection. False when there was none.
    func close(answering response: HTTPResponse, now: Instant) -> Bool {
        updating {
            phase = .closing
            var hasAnswered = false
            for connection in connections.values {
                guard case .suspended = connection.exchange else { continue }
                resume(connection, with: { response }, now: now)
                hasAnswered = true
            }
            return hasAnswered
        }
    }

    // MARK: The watchdog

    /// Shuts down what is overdue, and what is suspended though its client has hung up, which ends it on the library's
    /// thread. Returns when to look again.
    func evict(now: Instant) -> Instant? {
        let (due, disconnected) = lock.withLock {
            watchdogDue = nil
            var disconnected: [@Sendable () -> Void] = []
            for connection in connections.values {
                guard let deadline = connection.deadline else { continue }
                if deadline > now {
                    watchdogDue = min(watchdogDue ?? deadline, deadline)
                } else if connection.isSuspended, connection.hasClient {
                    connection.deadline = now + Self.presenceInterval
                    watchdogDue = min(watchdogDue ?? .distantFuture, now + Self.presenceInterval)
                } else {
                    if let body = connection.disconnected { disconnected.append(body) }
                    end(connection)
                }
            }
            return (watchdogDue, disconnected)
        }
        for body in disconnected { body() }
        return due
    }

    // MARK: With the lock held

    private func end(_ connection: ServerConnection) {
        switch connection.exchange {
        case .suspended:
            connection.evict()
            connection.exchange = .abandoned
            connection.disconnected = nil
            MHD_resume_connection(connection.handle)
        case .streaming(let buffer): cut(buffer)
        case .idle, .active, .completed, .abandoned: connection.evict()
        }
    }

    private func resume(
        _ connection: ServerConnection, with make: @escaping DeferredResponse.Maker, now: Instant
    ) {
        connection.exchange = .completed(make)
        connection.disconnected = nil
        setDeadline(now + configuration.responseDeadline, of: connection)
        MHD_resume_connection(connection.handle)
    }

    func setDeadline(_ deadline: Instant, of connection: ServerConnection) {
        guard !connection.isEvicted else { return }
        connection.deadline = deadline
        if deadline < watchdogDue ?? .distantFuture {
            watchdogDue = deadline
            mustWake = true
        }
    }

    func updating<Result>(_ body: () -> Result) -> Result {
        let (result, mustWake) = lock.withLock {
            let result = body()
            defer { self.mustWake = false }
            return (result, self.mustWake)
        }
        if mustWake { wake() }
        return result
    }
}
