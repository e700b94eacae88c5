package import EchoCore

/// The status for people: a name and what is to be said, a line each.
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
            let count = status.connections.closed[reason] ?? 0
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
            ("drain \(drain.id)", "by \(drain.trigger.description), mode \(drain.mode.rawValue), then \(drain.intent)"),
            ("  time", time(drain)),
        ]
        if let result = drain.result {
            rows.append(("  result", style.paint(result.rawValue, colour(result))))
        }
        let blockers = DrainText.blockers(drain)
        if !blockers.isEmpty { rows.append(("  waits for", blockers.joined(separator: ", "))) }
        let taken = drain.fromBacklog > 0 ? ", \(drain.fromBacklog) taken from it" : ""
        rows += [
            // Neither is part of the other: peers end connections, too, and some were marked in the drain before.
            ("  closed", "\(drain.closed) while it ran, whoever ended them"),
            ("  marked", "\(drain.atMark) that it began to close"),
            ("  accept queue", "\(drain.acceptQueue.rawValue)\(taken)"),
        ]
        let counts: [Row] = [
            ("  lost", DrainText.loss(drain) ?? ""),
            ("  incomplete", count(drain.incomplete, "bytes of unfinished lines")),
            ("  late", count(drain.lateDiscarded, "bytes discarded")),
            ("  abandoned", count(drain.abandonedByPeer, "bytes thrown away by peers' resets")),
            ("  waiters", count(drain.waiters, "")),
        ]
        return rows + counts.filter { !$0.text.isEmpty }
    }

    private func time(_ drain: ServiceStatus.Drain) -> String {
        let elapsed = DurationFormat.span(drain.elapsed)
        guard let left = drain.deadlineIn else { return "took \(elapsed)" }
        let delay = drain.delay > .zero ? ", the first \(DurationFormat.print(drain.delay)) still accepting" : ""
        return "\(elapsed) of \(DurationFormat.print(drain.timeout))\(delay), \(DurationFormat.span(left)) left"
    }

    /// Nothing is said of what did not happen.
    private func count(_ number: some BinaryInteger, _ what: String) -> String {
        number == 0 ? "" : what.isEmpty ? "\(number)" : "\(number) \(what)"
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
