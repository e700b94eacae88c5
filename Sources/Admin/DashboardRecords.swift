internal import EchoCore

/// What stands below the tables: the drain's record, the reasons of the ends, the curl lines.
struct DashboardRecords {
    let status: ServiceStatus

    var drain: HTML {
        .joined([
            .element("p", ["class": "nothing", "id": "no-drain", "hidden": status.drain == nil ? nil : ""]) {
                "No drain since the start. A drain refuses new clients, answers what came in and closes each connection "
                    + "without losing a byte; what it did will stand here."
            },
            .element("dl", ["class": "pairs", "id": "drain-record", "hidden": status.drain == nil ? "" : nil]) {
                for (title, name, value) in drainPairs { Self.pair(title, "record-\(name)", value) }
            },
        ])
    }

    /// Without a drain the same titles with nothing behind them, for the page's script to fill.
    private var drainPairs: [(title: String, name: String, value: String)] {
        func text(_ value: (ServiceStatus.Drain) -> String) -> String { status.drain.map(value) ?? "" }
        return [
            ("Drain", "id", text { "\($0.id)" }),
            ("Result", "result", text { $0.result.map { DashboardWords.word($0) } ?? "running" }),
            ("Started by", "trigger", text { DashboardWords.word($0.trigger) }),
            ("Mode", "mode", text { $0.mode.rawValue }),
            ("Then", "intent", text { DashboardWords.word($0.intent) }),
            ("Took", "took", text { DashboardFormat.seconds($0.elapsed) }),
            ("Budget", "budget", text(Self.budget)),
            ("Accept queue", "queue", text { DashboardWords.word($0.acceptQueue) }),
            ("Taken from the queue", "from_backlog", text { DashboardFormat.count($0.fromBacklog) }),
            ("Open when it was their turn", "at_mark", text { DashboardFormat.count($0.atMark) }),
            ("Closed", "closed", text { DashboardFormat.count($0.closed) }),
            ("Too late, discarded", "late_discarded", text { DashboardFormat.bytes($0.lateDiscarded) }),
            ("Unfinished lines", "incomplete", text { DashboardFormat.bytes($0.incomplete) }),
            ("Abandoned by clients", "abandoned_by_peer", text { DashboardFormat.bytes($0.abandonedByPeer) }),
            ("Lost: received, not answered", "lost_received", text { DashboardFormat.bytes($0.lostReceived) }),
            ("Lost: sent, not delivered", "lost_sent", text { DashboardFormat.bytes($0.lostSent) }),
        ]
    }

    private static func budget(_ drain: ServiceStatus.Drain) -> String {
        let timeout = DurationFormat.span(drain.timeout)
        return drain.delay > .zero ? "\(timeout), \(DurationFormat.span(drain.delay)) of it delay" : timeout
    }

    var reasons: HTML {
        .element("dl", ["class": "pairs"]) {
            for reason in CloseReason.allCases {
                let number = status.connections.closed[reason] ?? 0
                HTML.element("div", ["class": number == 0 ? "none" : nil]) {
                    HTML.element("dt") { DashboardWords.word(reason) }
                    HTML.element("dd", ["data-field": "reason-\(reason.rawValue)"]) { DashboardFormat.count(number) }
                }
            }
        }
    }

    private static func pair(_ title: String, _ name: String, _ value: String) -> HTML {
        .element("div") {
            HTML.element("dt") { title }
            HTML.element("dd", ["data-field": name]) { value }
        }
    }
}

/// The requests behind the page, to be copied into a shell.
enum DashboardCommands {
    /// `host`: as the request's `Host` header has it, checked by the guards. The script puts the browser's own address
    /// in its place, a prefix before it included. `needsToken`: whoever changes something must show the token.
    static func html(host: String, needsToken: Bool) -> HTML {
        .element("ul", ["id": "commands"]) {
            for (what, method, path) in lines {
                HTML.element("li") {
                    HTML.element("span", ["class": "what"]) { what }
                    HTML.element("code", ["data-path": path]) {
                        "curl \(options(method, needsToken: needsToken))"
                        HTML.element("span", ["class": "url"]) { "'http://\(host)/\(path)'" }
                    }
                    HTML.element("button", ["type": "button", "class": "quiet", "hidden": ""]) { "Copy" }
                }
            }
        }
    }

    private enum Method: String {
        case get = ""
        case stream = "-N "
        case post = "-X POST "
        case delete = "-X DELETE "

        var isMutation: Bool { self == .post || self == .delete }
    }

    private static func options(_ method: Method, needsToken: Bool) -> String {
        method.rawValue + (needsToken && method.isMutation ? "-H \"Authorization: Bearer $TOKEN\" " : "")
    }

    private static let lines: [(what: String, method: Method, path: String)] = [
        ("Status", .get, "status"),
        ("Live events", .stream, "events"),
        ("Connections as a table", .get, "connections?format=text"),
        ("Those that wait for their client to read", .get, "connections?blocked_on=peer_read"),
        ("Drain, and wait for the end", .post, "drain?wait"),
        ("Undrain", .delete, "drain"),
        ("Shut down", .post, "shutdown"),
        ("Metrics for Prometheus", .get, "metrics"),
    ]
}
