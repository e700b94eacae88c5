import EchoCore

/// Which notices a person at a terminal gets, and when. Pure: the time is a parameter.
///
/// The first TERM or INT of the process begins them, if it is a Ctrl-C. They end with the drain, or when a second one
/// cuts the connections: then there is nothing left to wait for.
struct DrainNotices: Hashable, Sendable {
    /// At most a line in so long.
    static let interval = Duration.seconds(1)

    private var wasSignalled = false
    /// When to look again at what the drain waits for; nil: never.
    private(set) var next: MonotonicTime?

    init() {}

    /// Whether this is a Ctrl-C that begins the end; `begun` is to be called when it has taken effect.
    mutating func signalReceived(_ signal: TerminationSignal) -> Bool {
        guard signal != .quit, !wasSignalled else { return false }
        wasSignalled = true
        return signal == .interrupt
    }

    /// What to say first; nil when the process is about to end anyway.
    mutating func begun(_ status: ServiceStatus, at now: MonotonicTime) -> String? {
        guard Self.isWaiting(status), let left = status.drain?.deadlineIn else { return nil }
        next = now + Self.interval
        return DrainNotice.begun(active: status.connections.active, atMost: left)
    }

    /// What to say of a new sample; nil when nobody is waited for, or it is too early.
    mutating func sampled(_ status: ServiceStatus, at now: MonotonicTime) -> String? {
        guard let due = next, now >= due else { return nil }
        // While the accept queue is served there may be nobody, and then somebody again.
        next = Self.isWaiting(status) ? now + Self.interval : nil
        return next == nil ? nil : DrainNotice.waiting(for: status)
    }

    private static func isWaiting(_ status: ServiceStatus) -> Bool {
        switch status.state {
        case .lameDuck, .draining: true
        case .starting, .serving, .forcing, .drained, .exiting: false
        }
    }
}
