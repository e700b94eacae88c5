internal import Basics
internal import Threads

/// The open connections of a server, what each waits for, and until when.
///
/// The lock is held while a suspended connection is resumed, checked or shut down, and while a connection that is
/// overdue or makes room is shut down: this keeps the library's handle and the descriptor valid. All of these are short
/// calls that cannot block.
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

    /// Includes those on their way to the library's thread.
    var count: Int { state.withLock { $0.connections.count + $0.handedOver.count } }

    /// From then on, each answer is the last on its connection.
    var isStopping: Bool { state.withLock { $0.phase != .serving } }

    // MARK: The library's thread

    /// Not nil if another connection was shut down to make room for this one.
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
            state.hasFreedPlace = true
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

    /// The head is complete; the time for the answer begins.
    func requestReceived(_ connection: ServerConnection, now: MonotonicTime) {
        updating { state in
            state.connections[connection.id]?.waitingSince = now + Crowding.grace
            state.setDeadline(now + configuration.responseDeadline, of: connection)
        }
    }

    /// The kernel has every byte of the answer, or there will be no answer.
    func requestEnded(_ connection: ServerConnection, now: MonotonicTime) {
        updating { state in
            state.inFlight -= 1
            state.connections[connection.id]?.exchange = .idle
            state.connections[connection.id]?.waitingSince = now
            // The library closes idle connections; this deadline ends one that sends a line a byte at a time.
            state.setDeadline(now + configuration.inactivityTimeout + configuration.requestDeadline, of: connection)
            if state.inFlight == 0 { self.state.signal() }
            // Newcomers are let in even if no client can make room, up to the limit, at which none is accepted. A
            // connection that was held at that time gives its place back here; otherwise a crowd that keeps asking
            // would keep all places.
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

    /// Answers suspended requests, and allows no further suspension: the library aborts the process if it is stopped
    /// with a suspended connection. Returns false if there was none.
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

    /// Shuts down connections that are overdue, and suspended ones whose client has hung up; the library's thread then
    /// ends them. Returns when to look again.
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
