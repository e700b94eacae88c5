import Basics
import Wire

/// Which notices a person at a terminal gets after Ctrl-C, and when. Pure: the time is a parameter.
///
/// They begin if the first TERM or INT of the process is a Ctrl-C. They end with the drain, or when a second signal
/// cuts the connections.
struct DrainNotices: Hashable, Sendable {
    /// The shortest time between two lines.
    static let interval = Duration.seconds(1)

    private var wasSignalled = false
    /// When to look again at what the drain waits for; nil: never.
    private(set) var next: MonotonicTime?

    init() {}

    /// Whether this is the Ctrl-C that begins the drain; the caller then calls `begun` when it has taken effect.
    mutating func signalReceived(_ signal: TerminationSignal) -> Bool {
        guard signal != .quit, !wasSignalled else { return false }
        wasSignalled = true
        return signal == .interrupt
    }

    /// The first notice; nil when the process is about to end anyway.
    mutating func begun(_ status: ServiceStatus, at now: MonotonicTime) -> String? {
        guard Self.isWaiting(status), let left = status.drain?.deadlineIn else { return nil }
        next = now + Self.interval
        return DrainNotice.begun(active: status.connections.active, atMost: left)
    }

    /// The notice about a new sample; nil when no connection is left, or it is too early.
    mutating func sampled(_ status: ServiceStatus, at now: MonotonicTime) -> String? {
        guard let due = next, now >= due else { return nil }
        // While the accept queue is served a new connection may come after the last one has closed.
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

/// The notice after Ctrl-C: how long the drain will take, and what it waits for.
enum DrainNotice {
    /// `draining 3 connections, at most 20 s; press Ctrl-C again to cut them`
    static func begun(active: Int, atMost budget: Duration) -> String {
        guard active > 0 else { return "draining, no connections" }
        let them = active == 1 ? "it" : "them"
        return "draining \(connections(active)), at most \(seconds(budget)); press Ctrl-C again to cut \(them)"
    }

    /// `waiting for 3 connections (1 partial_line, 2 peer_close), 14 s left`; nil when there is nothing to wait for.
    static func waiting(for status: ServiceStatus) -> String? {
        guard let drain = status.drain, drain.result == nil, status.connections.active > 0 else { return nil }
        let reasons = Blocker.allCases.compactMap { blocker in
            drain.blockedOn[blocker].flatMap { $0 > 0 ? "\($0) \(blocker.rawValue)" : nil }
        }
        var notice = "waiting for \(connections(status.connections.active))"
        if !reasons.isEmpty { notice += " (\(reasons.joined(separator: ", ")))" }
        if let left = drain.deadlineIn { notice += ", \(seconds(left)) left" }
        return notice
    }

    private static func connections(_ count: Int) -> String { count == 1 ? "1 connection" : "\(count) connections" }

    /// Rounded up: a drain that is not over never has 0 s left.
    private static func seconds(_ duration: Duration) -> String {
        if duration < .seconds(1) { return "\(max(0, duration.inMilliseconds)) ms" }
        return "\((duration.inMilliseconds + 999) / 1000) s"
    }
}
