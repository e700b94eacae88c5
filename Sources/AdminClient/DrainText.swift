internal import Basics
package import Wire

/// Texts about a drain, each in one line.
package enum DrainText {
    /// The answer to a request that did not wait: `draining 3 connections, at most 20 s`.
    package static func begun(_ status: ServiceStatus, joined: Bool) -> String {
        guard let drain = status.drain else { return status.state.rawValue }
        let verb = joined ? "joined, draining" : "draining"
        switch status.state {
        case .lameDuck, .draining:
            let most = drain.deadlineIn.map { ", at most \(seconds($0))" } ?? ""
            let delay = status.state == .lameDuck ? ", still accepting at first" : ""
            return "\(verb) \(connections(status))\(most)\(delay)"
        case .forcing: return "\(joined ? "joined, cutting" : "cutting") \(connections(status))"
        case .drained, .exiting:
            return [status.state.rawValue, drain.result?.rawValue].compactMap(\.self).joined(separator: ", ")
        case .starting, .serving: return status.state.rawValue
        }
    }

    /// While a command waits: `draining, 3 connections left (1 partial_line, 2 peer_close), 14 s left`.
    package static func progress(_ status: ServiceStatus) -> String {
        var text = "\(status.state.rawValue), \(connections(status)) left"
        guard let drain = status.drain else { return text }
        let reasons = blockers(drain)
        if !reasons.isEmpty { text += " (\(reasons.joined(separator: ", ")))" }
        if let left = drain.deadlineIn { text += ", \(seconds(left)) left" }
        return text
    }

    /// The end: `clean: 3 connections closed, nothing lost, took 2.1 s`.
    ///
    /// Names what was cut and what was given up, if there is any: `forced: 2 connections closed, 1 cut at the deadline,
    /// 4 bytes of unfinished lines given up, nothing else lost, took 0.5 s`.
    package static func summary(_ status: ServiceStatus) -> String {
        guard let drain = status.drain else { return status.state.rawValue }
        let result = drain.result?.rawValue ?? "not over"
        let closed = drain[.closed] == 1 ? "1 connection" : "\(drain[.closed]) connections"
        let milliseconds = drain.elapsed.inMilliseconds
        let took = "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
        let unfinished =
            drain[.incomplete] > 0 ? "\(drain[.incomplete]) bytes of unfinished lines given up" : nil
        let lost = loss(drain).map { "lost \($0)" } ?? (unfinished == nil ? "nothing lost" : "nothing else lost")
        let parts = ["\(closed) closed", cut(status, drain), unfinished, lost, "took \(took)"].compactMap(\.self)
        return "\(result): \(parts.joined(separator: ", "))"
    }

    /// `2 cut at the deadline`; nil if no cut is known.
    ///
    /// The status counts reasons since the start, so their number is known only for the first drain.
    private static func cut(_ status: ServiceStatus, _ drain: ServiceStatus.Drain) -> String? {
        let forced = status.connections.closed[.forced]
        let isFirst = drain.id == 1
        guard drain.result == .forced || drain.result == .lost && isFirst, forced > 0 else { return nil }
        let number = isFirst || forced == 1 ? "\(forced)" : "some"
        switch drain.mode {
        case .abort: return "\(number) cut by mode abort"
        case .wait, .close: return "\(number) cut \(drain.elapsed < drain.timeout ? "before" : "at") the deadline"
        }
    }

    /// How much was lost; nil when nothing was.
    static func loss(_ drain: ServiceStatus.Drain) -> String? {
        guard drain[.lostReceived] > 0 || drain[.lostSent] > 0 else { return nil }
        return "\(drain[.lostReceived]) bytes never answered and \(drain[.lostSent]) never acknowledged"
    }

    /// `2 peer_close`, …
    static func blockers(_ drain: ServiceStatus.Drain) -> [String] {
        Blocker.allCases.compactMap { blocker in
            drain.blockedOn[blocker].flatMap { $0 > 0 ? "\($0) \(blocker.rawValue)" : nil }
        }
    }

    private static func connections(_ status: ServiceStatus) -> String {
        status.connections.active == 1 ? "1 connection" : "\(status.connections.active) connections"
    }

    /// Rounded up: a drain that is not over yet never has 0 s left.
    private static func seconds(_ duration: Duration) -> String {
        "\((max(0, duration.inMilliseconds) + 999) / 1000) s"
    }
}
