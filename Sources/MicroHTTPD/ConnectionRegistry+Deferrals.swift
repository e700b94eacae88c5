internal import CMicroHTTPD

/// Deferred requests, whose connections are suspended until somebody completes them.
extension ConnectionRegistry {
    // MARK: The library's thread

    /// Parks the request; nil when the server stops and waits for nothing new, and when the connection is shut down
    /// already: nobody would look for its client any more. Only in the library's handler callback.
    func suspend(_ connection: ServerConnection, now: Instant) -> UInt64? {
        updating {
            guard phase != .closing, !connection.isEvicted else { return nil }
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

    // MARK: With the lock held

    func resume(
        _ connection: ServerConnection, with make: @escaping DeferredResponse.Maker, now: Instant
    ) {
        connection.exchange = .completed(make)
        connection.waitingSince = now
        connection.disconnected = nil
        setDeadline(now + configuration.responseDeadline, of: connection)
        MHD_resume_connection(connection.handle)
    }
}
