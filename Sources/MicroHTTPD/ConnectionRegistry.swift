internal import CMicroHTTPD

/// The open connections of a server, what each waits for, and until when.
///
/// A suspended connection is resumed, looked at or shut down, and one that is overdue or makes room shut down, while
/// holding the lock: that is what keeps the library's handle and the descriptor valid. All are short calls that cannot
/// block.
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
    /// Numbers the suspensions.
    var suspensions: UInt64 = 0
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

    /// Not nil when another one was shut down to make room for it.
    func opened(_ connection: ServerConnection, now: Instant) -> Crowding.Extent? {
        updating {
            let crowding = makeRoom(for: connection)
            connections[ObjectIdentifier(connection)] = connection
            setDeadline(now + configuration.requestDeadline, of: connection)
            return crowding
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
        updating {
            connection.waitingSince = now + Crowding.grace
            setDeadline(now + configuration.responseDeadline, of: connection)
        }
    }

    /// Every byte of the answer is with the kernel, or there will be none.
    func requestEnded(_ connection: ServerConnection, now: Instant) {
        updating {
            inFlight -= 1
            connection.exchange = .idle
            connection.waitingSince = now
            // An idle connection is the library's to close; this ends one that sends a line a byte at a time.
            setDeadline(now + configuration.inactivityTimeout + configuration.requestDeadline, of: connection)
            if inFlight == 0 { lock.signal() }
            // Newcomers are let in also when nobody can be asked, up to the library's limit, at which it accepts nobody.
            // Who was held then gives the places back, or a crowd that goes on asking would keep them for ever.
            if !connection.isEvicted { _ = makeRoom(for: connection) }
        }
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

    /// The library closes who was shut down in its next turn, and accepts one connection a turn: the headroom is hardly
    /// ever used up, and if it is, the next client waits in the accept queue for that turn.
    ///
    /// The address comes first: who made room there takes no place in the server any more.
    private func makeRoom(for connection: ServerConnection) -> Crowding.Extent? {
        let capacity = configuration.connectionLimit - configuration.headroom
        // With few connections, which is nearly always, nobody's share can be used up.
        guard connections.count >= min(capacity, configuration.perAddressLimit) else { return nil }
        let others = connections.values.filter { $0 !== connection }
        let neighbours = others.filter { connection.sharesAddress(with: $0) }
        let isAddressCrowded = makeRoom(among: neighbours, capacity: configuration.perAddressLimit)
        let isServerCrowded = makeRoom(among: others, capacity: capacity)
        return isAddressCrowded ? .address : isServerCrowded ? .server : nil
    }

    private func makeRoom(among present: [ServerConnection], capacity: Int) -> Bool {
        guard let leaver = Crowding.leaver(of: present.map(\.place), capacity: capacity) else { return false }
        present[leaver].evict()
        return true
    }

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
