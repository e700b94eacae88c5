internal import Basics
package import Wire

/// The status for people: one line for each name and its text.
package struct StatusTable {
    private let status: ServiceStatus
    private let style: TextStyle

    package init(_ status: ServiceStatus, style: TextStyle) {
        self.status = status
        self.style = style
    }

    /// Without the last newline.
    package var text: String {
        let rows = general + connections + traffic + (status.drain.map(drain) ?? [])
        let width = rows.map(\.name.utf8.count).max() ?? 0
        let lines = rows.map { row in
            row.name + String(repeating: " ", count: width + 2 - row.name.utf8.count) + row.text
        }
        return lines.joined(separator: "\n")
    }

    private typealias Row = (name: String, text: String)

    private var general: [Row] {
        let readiness = status.ready ? "" : ", not ready"
        let state = style.paint(status.state.rawValue, colour(status.state))
        var rows: [Row] = [
            ("state", "\(state) for \(DurationFormat.span(status.inState))\(readiness)"),
            ("process", "pid \(status.pid), version \(PrintableText.escape(status.version))"),
            ("uptime", DurationFormat.span(status.uptime)),
        ]
        if let code = status.exitCode { rows.append(("exit code", "\(code)")) }
        rows += status.listen.map { ("listen", PrintableText.escape($0)) }
        rows += status.admin.map { ("admin", PrintableText.escape($0)) }
        return rows
    }

    private var connections: [Row] {
        let closed = CloseReason.allCases.compactMap { reason -> Row? in
            let count = status.connections.closed[reason]
            return count > 0 ? ("  \(reason.rawValue)", "\(count)") : nil
        }
        return [("connections", "\(status.connections.active) active of \(status.connections.accepted) accepted")]
            + closed
    }

    private var traffic: [Row] {
        let bytes = status.bytes
        return [
            (
                "bytes",
                "\(bytes.received) received, \(bytes.sent) sent, \(bytes.unread) unread, \(bytes.unacked) unacked"
            ),
            ("lines", "\(status.lines)"),
        ]
    }

    private func drain(_ drain: ServiceStatus.Drain) -> [Row] {
        var rows: [Row] = [
            ("drain \(drain.id)", "by \(drain.trigger.rawValue), mode \(drain.mode.rawValue), then \(drain.intent)"),
            ("  time", time(drain)),
        ]
        if let result = drain.result {
            rows.append(("  result", style.paint(result.rawValue, colour(result))))
        }
        let blockers = DrainText.blockers(drain)
        if !blockers.isEmpty { rows.append(("  waits for", blockers.joined(separator: ", "))) }
        let taken = drain[.fromBacklog] > 0 ? ", \(drain[.fromBacklog]) taken from it" : ""
        rows += [
            // Neither count is part of the other: peers end connections, too, and some were marked in the previous
            // drain.
            ("  closed", "\(drain[.closed]) (by either side)"),
            ("  marked", "\(drain[.atMark]) that it began to close"),
            ("  accept queue", "\(drain.acceptQueue.rawValue)\(taken)"),
        ]
        // What did not happen is left out.
        if let loss = DrainText.loss(drain) { rows.append(("  lost", loss)) }
        for counter in DrainCounter.allCases where drain[counter] > 0 {
            if let row = counter.row { rows.append(("  \(row.label)", "\(drain[counter]) \(row.meaning)")) }
        }
        if drain.waiters != 0 { rows.append(("  waiters", "\(drain.waiters)")) }
        return rows
    }

    private func time(_ drain: ServiceStatus.Drain) -> String {
        let elapsed = DurationFormat.span(drain.elapsed)
        guard let left = drain.deadlineIn else { return "took \(elapsed)" }
        let delay = drain.delay > .zero ? ", the first \(DurationFormat.print(drain.delay)) still accepting" : ""
        return "\(elapsed) of \(DurationFormat.print(drain.timeout))\(delay), \(DurationFormat.span(left)) left"
    }

    private func colour(_ state: ServiceState) -> TextStyle.Colour {
        switch state {
        case .serving: .good
        case .starting, .lameDuck, .draining, .drained, .exiting: .busy
        case .forcing: .bad
        }
    }

    private func colour(_ result: DrainResult) -> TextStyle.Colour {
        switch result {
        case .clean: .good
        case .undrained: .busy
        case .forced, .lost: .bad
        }
    }
}

/// How a text may be styled where it is shown.
package enum TextStyle: Hashable, Sendable {
    case plain, coloured

    package enum Colour: String, Hashable, Sendable {
        case good = "32"
        case busy = "33"
        case bad = "31"
    }

    /// Colour is used only on a terminal that supports it, and never against NO_COLOR (https://no-color.org).
    package init(isTerminal: Bool, environment: [String: String]) {
        let refuses = !(environment["NO_COLOR"] ?? "").isEmpty
        self = isTerminal && !refuses && Self.hasEscapes(environment) ? .coloured : .plain
    }

    /// Whether the terminal understands escape sequences at all: moving the cursor needs that, too.
    package static func hasEscapes(_ environment: [String: String]) -> Bool {
        let name = environment["TERM"] ?? ""
        return !name.isEmpty && name != "dumb"
    }

    package func paint(_ text: String, _ colour: Colour) -> String {
        switch self {
        case .plain: text
        case .coloured: "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m"
        }
    }
}
