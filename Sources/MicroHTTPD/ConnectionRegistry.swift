internal import CMicroHTTPD
internal import Glibc

/// The open connections of a server, what each waits for, and until when.
///
/// A suspended connection is resumed, and an overdue one shut down, while holding the lock: that is what keeps the
/// library's handle and the descriptor valid. Both are short calls that cannot block.
///
/// `@unchecked Sendable`: every variable belongs to `lock`.
final class ConnectionRegistry: @unchecked Sendable {
    private enum Phase { case serving, stopping, closing }

    private let configuration: HTTPServerConfiguration
    /// Called without the lock when a deadline was set that lies before the one the watchdog sleeps for.
    private let wake: @Sendable () -> Void
    private let lock = Lock()
    private var connections: [ObjectIdentifier: ServerConnection] = [:]
    private var phase = Phase.serving
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
    func suspend(_ connection: ServerConnection) -> UInt64? {
        lock.withLock {
            guard phase != .closing else { return nil }
            suspensions += 1
            connection.exchange = .suspended(suspensions)
            connection.deadline = nil
            MHD_suspend_connection(connection.handle)
            return suspensions
        }
    }

    /// The answer of a request that was suspended, once.
    func takeAnswer(of connection: ServerConnection) -> HTTPResponse? {
        lock.withLock {
            guard case .completed(let response) = connection.exchange else { return nil }
            connection.exchange = .active
            return response
        }
    }

    // MARK: Any thread

    func isWaiting(_ connection: ServerConnection, _ number: UInt64) -> Bool {
        lock.withLock {
            if case .suspended(number) = connection.exchange { true } else { false }
        }
    }

    /// Does nothing unless the connection still waits for this number: the handle may be gone.
    func complete(_ connection: ServerConnection, _ number: UInt64, with response: HTTPResponse, now: Instant) {
        updating {
            guard case .suspended(number) = connection.exchange else { return }
            resume(connection, with: response, now: now)
        }
    }

    // MARK: Stopping

    func beginStopping() {
        lock.withLock {
            if phase == .serving { phase = .stopping }
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
    /// stopped with a suspended connection.
    func close(answering response: HTTPResponse, now: Instant) {
        updating {
            phase = .closing
            for connection in connections.values {
                if case .suspended = connection.exchange { resume(connection, with: response, now: now) }
            }
        }
    }

    // MARK: The watchdog

    /// Shuts down what is overdue, which ends it on the library's thread, and returns when to look again.
    func evict(now: Instant) -> Instant? {
        lock.withLock {
            watchdogDue = nil
            for connection in connections.values {
                guard let deadline = connection.deadline else { continue }
                if deadline <= now {
                    connection.deadline = nil
                    connection.isEvicted = true
                    shutdown(connection.descriptor, Int32(SHUT_RDWR))
                } else {
                    watchdogDue = min(watchdogDue ?? deadline, deadline)
                }
            }
            return watchdogDue
        }
    }

    // MARK: With the lock held

    private func resume(_ connection: ServerConnection, with response: HTTPResponse, now: Instant) {
        connection.exchange = .completed(response)
        setDeadline(now + configuration.responseDeadline, of: connection)
        MHD_resume_connection(connection.handle)
    }

    private func setDeadline(_ deadline: Instant, of connection: ServerConnection) {
        guard !connection.isEvicted else { return }
        connection.deadline = deadline
        if deadline < watchdogDue ?? .distantFuture {
            watchdogDue = deadline
            mustWake = true
        }
    }

    private func updating(_ body: () -> Void) {
        let mustWake = lock.withLock {
            body()
            defer { self.mustWake = false }
            return self.mustWake
        }
        if mustWake { wake() }
    }
}
