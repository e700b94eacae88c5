internal import EchoCore

/// The state of the service, and of a drain what is left of it.
struct DashboardBanner {
    let status: ServiceStatus

    /// What stands beside the name at the head of the page.
    var facts: HTML {
        .element("dl", ["class": "facts"]) {
            Self.fact("Echo", status.listen)
            Self.fact("Admin", status.admin)
            Self.fact("Version", [status.version])
            Self.fact("Process", ["\(status.pid)"])
            HTML.element("div") {
                HTML.element("dt") { "Up" }
                HTML.element("dd", ["data-field": "uptime"]) { DurationFormat.span(status.uptime) }
            }
        }
    }

    private static func fact(_ name: String, _ values: [String]) -> HTML {
        .element("div") {
            HTML.element("dt") { name }
            HTML.element("dd") { values.isEmpty ? "none" : PrintableText.escape(values.joined(separator: ", ")) }
        }
    }

    var banner: HTML {
        .element("section", ["class": "banner", "id": "banner", "data-state": status.state.rawValue]) {
            HTML.element("div", ["class": "headline"]) {
                HTML.element("h2", ["data-field": "state"]) { DashboardWords.title(status.state) }
                HTML.element("p", ["data-field": "sentence"]) { DashboardWords.sentence(status.state) }
                HTML.element("p", ["class": "since"]) {
                    "for "
                    HTML.element("span", ["data-field": "in-state"]) { DurationFormat.span(status.inState) }
                }
            }
            panel
        }
    }

    /// Nothing is shown of a drain that was taken back: the record below tells of it.
    private var isPanelHidden: Bool {
        status.drain == nil || status.state == .serving || status.state == .starting
    }

    private var panel: HTML {
        let closed = status.drain?.closed ?? 0
        let total = closed + UInt64(max(0, status.connections.active))
        let isComplete = total == 0 && status.drain?.result != nil
        return .element(
            "div", ["class": "drain-panel", "id": "drain-panel", "hidden": isPanelHidden ? "" : nil]
        ) {
            HTML.element("p", ["class": "race"]) {
                Self.field("span", "progress-text") {
                    "\(DashboardFormat.count(closed)) of \(DashboardFormat.plural(total, "connection")) closed"
                }
                Self.field("span", "time-left") { timeLeft }
            }
            HTML.element(
                "progress",
                [
                    "data-field": "progress", "max": "\(max(1, total))", "value": "\(isComplete ? 1 : closed)",
                    "aria-label": "Connections closed",
                ])
            blockers
            drainFacts
        }
    }

    private var timeLeft: String {
        guard let drain = status.drain else { return "" }
        guard let left = drain.deadlineIn else { return "took \(DashboardFormat.seconds(drain.elapsed))" }
        let timeLeft = "\(DashboardFormat.seconds(left)) left"
        guard status.state == .lameDuck else { return timeLeft }
        return "doors close in \(DashboardFormat.seconds(drain.delay - drain.elapsed)) · \(timeLeft)"
    }

    private var blockers: HTML {
        let waiting = (status.drain?.blockedOn ?? [:]).filter { $0.value > 0 }
        return .element(
            "ul", ["class": "blockers", "data-field": "blockers", "hidden": waiting.isEmpty ? "" : nil]
        ) {
            for (blocker, number) in waiting.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                HTML.element("li") {
                    HTML.element("b") { DashboardFormat.count(number) }
                    " \(number == 1 ? "waits" : "wait") for \(DashboardWords.word(blocker))"
                }
            }
        }
    }

    private var drainFacts: HTML {
        let drain = status.drain
        let result = drain?.result
        return .element("dl", ["class": "drain-facts"]) {
            Self.drainFact("Mode", "drain-mode", drain?.mode.rawValue ?? "")
            Self.drainFact("Started by", "drain-trigger", drain.map { DashboardWords.word($0.trigger) } ?? "")
            Self.drainFact("Then", "drain-intent", drain.map { DashboardWords.word($0.intent) } ?? "")
            HTML.element("div", ["hidden": result == nil ? "" : nil]) {
                HTML.element("dt") { "Result" }
                HTML.element("dd", ["data-field": "drain-result", "data-result": result?.rawValue ?? ""]) {
                    result.map { DashboardWords.word($0) } ?? ""
                }
            }
            let title = DashboardWords.exitCodeTitle(drain?.intent ?? .hold)
            Self.drainFact(title, "exit-code", status.exitCode.map { "\($0)" } ?? "")
        }
    }

    /// What is not known yet is not shown.
    private static func drainFact(_ title: String, _ name: String, _ value: String) -> HTML {
        .element("div", ["hidden": value.isEmpty ? "" : nil]) {
            HTML.element("dt") { title }
            field("dd", name) { value }
        }
    }

    private static func field(_ element: StaticString, _ name: String, _ text: () -> String) -> HTML {
        let text = text()
        return .element(element, ["data-field": name]) { text }
    }
}
