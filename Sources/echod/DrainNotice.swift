package import EchoCore

/// What a person who pressed Ctrl-C reads: how long it will take, and what it waits for.
package enum DrainNotice {
    /// `draining 3 connections, at most 20 s; press Ctrl-C again to cut them`
    package static func begun(active: Int, atMost budget: Duration) -> String {
        guard active > 0 else { return "draining, no connections" }
        let them = active == 1 ? "it" : "them"
        return "draining \(connections(active)), at most \(seconds(budget)); press Ctrl-C again to cut \(them)"
    }

    /// `waiting for 3 connections (1 partial_line, 2 peer_close), 14 s left`; nil when nothing is waited for.
    package static func waiting(for status: ServiceStatus) -> String? {
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

    /// Rounded up: what is not over yet has not 0 s left.
    private static func seconds(_ duration: Duration) -> String {
        if duration < .seconds(1) { return "\(max(0, duration.inMilliseconds)) ms" }
        return "\((duration.inMilliseconds + 999) / 1000) s"
    }
}
