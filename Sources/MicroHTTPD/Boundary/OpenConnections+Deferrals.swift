internal import Basics
internal import CMicroHTTPD
internal import Threads

/// Deferred requests, whose connections are suspended until they are completed.
extension OpenConnections {
    // MARK: The library's thread

    /// Parks the request. Returns nil if the server is stopping and waits for nothing new, or if the connection is
    /// already shut down: no thread would watch its client any more. Only in the library's handler callback.
    func suspend(_ connection: ServerConnection, now: MonotonicTime) -> UInt64? {
        updating { state in
            guard state.phase != .closing, state.connections[connection.id]?.isEvicted == false else { return nil }
            state.suspensions += 1
            state.connections[connection.id]?.exchange = .suspended(state.suspensions)
            state.setDeadline(now + Self.presenceInterval, of: connection)
            MHD_suspend_connection(connection.handle)
            return state.suspensions
        }
    }

    /// Returns, once, the closure that makes the answer of a suspended request. The answer is made without the lock.
    func takeAnswer(of connection: ServerConnection) -> DeferredResponse.Maker? {
        state.withLock { state in
            guard case .completed(let make) = state.connections[connection.id]?.exchange else { return nil }
            state.connections[connection.id]?.exchange = .active
            return make
        }
    }

    /// Whether the client hung up while the connection was suspended.
    func isAbandoned(_ connection: ServerConnection) -> Bool {
        state.withLock { state in
            if case .abandoned = state.connections[connection.id]?.exchange { true } else { false }
        }
    }

    // MARK: Any thread

    func isWaiting(_ connection: ServerConnection, _ number: UInt64) -> Bool {
        state.withLock { $0.isWaiting(connection, number) }
    }

    /// Does nothing unless the connection still waits for this number: the handle may be gone.
    func complete(
        _ connection: ServerConnection, _ number: UInt64, with make: @escaping DeferredResponse.Maker,
        now: MonotonicTime
    ) {
        updating { state in
            if state.isWaiting(connection, number) { state.resume(connection, with: make, now: now) }
        }
    }

    /// `body` is called once when the client is found to have hung up, or at once if no client waits for this number.
    func onDisconnect(of connection: ServerConnection, _ number: UInt64, _ body: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            guard state.isWaiting(connection, number) else { return true }
            state.connections[connection.id]?.disconnected = body
            return false
        }
        if isOver { body() }
    }
}

extension OpenConnections.State {
    fileprivate func isWaiting(_ connection: ServerConnection, _ number: UInt64) -> Bool {
        if case .suspended(number) = connections[connection.id]?.exchange { true } else { false }
    }

    mutating func resume(
        _ connection: ServerConnection, with make: @escaping DeferredResponse.Maker, now: MonotonicTime
    ) {
        connections[connection.id]?.exchange = .completed(make)
        connections[connection.id]?.waitingSince = now + Crowding.grace
        connections[connection.id]?.disconnected = nil
        setDeadline(now + configuration.responseDeadline, of: connection)
        MHD_resume_connection(connection.handle)
    }
}
