internal import Basics
internal import Threads

/// The open connections of a server, what each waits for, and until when.
///
/// A suspended connection is resumed, looked at or shut down, and one that is overdue or makes room shut down, while
/// holding the lock: that is what keeps the library's handle and the descriptor valid. All are short calls that cannot
/// block.
final class OpenConnections: Sendable {
    let configuration: HTTPServerConfiguration
    /// Called without the lock when the reaper has something to do before it would wake up.
    private let wake: @Sendable () -> Void
    let state: Lock<State>

    init(configuration: HTTPServerConfiguration, wake: @escaping @Sendable () -> Void) {
        self.configuration = configuration
        self.wake = wake
        state = Lock(State(configuration: configuration))
    }

    /// Those on their way to the library's thread included.
    var count: Int { state.withLock { $0.connections.count + $0.handedOver.count } }

    /// Answers are the last on their connection from then on.
    var isStopping: Bool { state.withLock { $0.phase != .serving } }

    // MARK: The library's thread

    /// Not nil when another one was shut down to make room for it.
    func opened(_ connection: ServerConnection, now: MonotonicTime) -> Crowding.Extent? {
        updating { state in
            state.tookOver(connection.descriptor)
            let crowding = state.makeRoom(for: connection)
            state.connections[connection.id] = Entry(connection, now: now)
            state.setDeadline(now + configuration.requestDeadline, of: connection)
            return crowding
        }
    }

    /// The descriptor is closed right after this returns. False when there is no need to wait for the peer's end.
    func closed(_ connection: ServerConnection) -> Bool {
        updating { state in
            let entry = state.connections.removeValue(forKey: connection.id)
            if state.acceptorWaits { state.mustWake = true }
            return entry?.isEvicted == false && state.phase != .closing
        }
    }

    /// The first line has arrived. A deadline that is nearer stays: a slow first line is not rewarded.
    func requestStarted(_ connection: ServerConnection, now: MonotonicTime) {
        updating { state in
            state.inFlight += 1
            state.connections[connection.id]?.exchange = .active
            let deadline = now + configuration.requestDeadline
            state.setDeadline(min(state.connections[connection.id]?.deadline ?? deadline, deadline), of: connection)
        }
    }

    /// The head is complete; what follows is the time for the answer.
    func requestReceived(_ connection: ServerConnection, now: MonotonicTime) {
        updating { state in
            state.connections[connection.id]?.waitingSince = now + Crowding.grace
            state.setDeadline(now + configuration.responseDeadline, of: connection)
        }
    }

    /// Every byte of the answer is with the kernel, or there will be none.
    func requestEnded(_ connection: ServerConnection, now: MonotonicTime) {
        updating { state in
            state.inFlight -= 1
            state.connections[connection.id]?.exchange = .idle
            state.connections[connection.id]?.waitingSince = now
            // An idle connection is the library's to close; this ends one that sends a line a byte at a time.
            state.setDeadline(now + configuration.inactivityTimeout + configuration.requestDeadline, of: connection)
            if state.inFlight == 0 { self.state.signal() }
            // Newcomers are let in even when no client can make room, up to the limit, at which none is accepted. A
            // connection that was held then gives its place back, or a crowd that goes on asking would keep all.
            if state.connections[connection.id]?.isEvicted == false {
                _ = state.makeRoom(for: connection, sparingAt: now)
            }
        }
    }

    // MARK: Stopping

    /// Streams end with what was sent so far.
    func beginStopping(now: MonotonicTime) {
        updating { state in
            if state.phase == .serving { state.phase = .stopping }
            for entry in state.connections.values {
                if case .streaming(let reader) = entry.exchange { state.finish(reader, now: now) }
            }
        }
    }

    /// False when requests are still in flight at the deadline.
    func waitUntilIdle(until deadline: MonotonicTime) -> Bool {
        state.wait(until: deadline) { $0.inFlight == 0 ? () : nil } != nil
    }

    /// Answers what is suspended, and lets nothing be suspended any more: the library aborts the process when it is
    /// stopped with a suspended connection. False when there was none.
    func close(answering response: HTTPResponse, now: MonotonicTime) -> Bool {
        updating { state in
            state.phase = .closing
            var hasAnswered = false
            for entry in state.connections.values {
                guard case .suspended = entry.exchange else { continue }
                state.resume(entry.connection, with: { response }, now: now)
                hasAnswered = true
            }
            return hasAnswered
        }
    }

    // MARK: The reaper

    /// Shuts down what is overdue, and what is suspended though its client has hung up, which ends it on the library's
    /// thread. Returns when to look again.
    func endOverdue(now: MonotonicTime) -> MonotonicTime? {
        let (due, disconnected) = state.withLock { state in
            let disconnected = state.endOverdue(now: now)
            return (state.reaperDue, disconnected)
        }
        for body in disconnected { body() }
        return due
    }

    // MARK: Any thread

    func updating<Result>(_ body: (inout State) -> Result) -> Result {
        let (result, mustWake) = state.withLock { state in
            let result = body(&state)
            defer { state.mustWake = false }
            return (result, state.mustWake)
        }
        if mustWake { wake() }
        return result
    }
}
