internal import EchoCore
internal import MicroHTTPD

/// The whole page for a browser, readable without JavaScript.
struct DashboardPage {
    let status: ServiceStatus
    /// The first hundred open connections; nil where a loop did not answer.
    let open: ConnectionPage?
    /// All of the closed ones that are still known.
    let closed: ConnectionPage?
    let drainDefaults: DrainDefaults
    /// The options in force; empty where the process has none to show.
    let options: [EffectiveOption]
    let host: String
    /// Whether mutations need the admin token.
    let needsToken: Bool

    private static let closedShown = 20

    func html(_ template: HTMLTemplate) -> String {
        template.filled(with: parts)
    }

    /// What goes into the template's places, by their names.
    var parts: [String: HTML] { liveParts.merging(fixedParts) { live, _ in live } }

    private var liveParts: [String: HTML] {
        let banner = DashboardBanner(status: status)
        let records = DashboardRecords(status: status)
        return [
            "facts": banner.facts,
            "banner": banner.banner,
            "tiles": DashboardTiles(status: status, limit: limit).html,
            "open-count": .text(openCount),
            "open-table": DashboardTable.open(echoAddress: status.listen.first).html(open?.connections ?? []),
            "closed-count": .text(closedCount),
            "closed-table": DashboardTable.closed.html(latestClosed),
            "drain-record": records.drain,
            "reasons": records.reasons,
        ]
    }

    private var fixedParts: [String: HTML] {
        [
            "state-options": .joined(
                [ConnectionState.open, .closing, .halfClosed].map {
                    Self.option($0.rawValue, DashboardWords.word($0))
                }),
            "blocker-options": .joined(
                Blocker.allCases.map { Self.option($0.rawValue, DashboardWords.word($0)) }),
            "commands": DashboardCommands.html(host: host, needsToken: needsToken),
            "configuration": options.isEmpty ? .nothing : DashboardConfiguration(options: options).html,
            "default-timeout": .text(DurationFormat.print(drainDefaults.timeout)),
            "default-delay": .text(DurationFormat.print(drainDefaults.delay)),
            "default-mode": .text(drainDefaults.mode.rawValue),
            "words": DashboardWords.list,
            "footer": .text("echod \(PrintableText.escape(status.version)). All times in UTC, bytes in powers of ten."),
        ]
    }

    private var limit: String? {
        let option = options.first { $0.name == "max-connections" }
        guard case .number(let limit)? = option?.value else { return nil }
        return DashboardFormat.count(limit)
    }

    private static func option(_ value: String, _ text: String) -> HTML {
        .element("option", ["value": value]) { text }
    }

    private var openCount: String {
        guard let open else { return "An event loop did not answer; reload to try again." }
        let shown = open.connections.count
        return shown < open.total
            ? "the first \(shown) of \(DashboardFormat.count(open.total))" : DashboardFormat.count(open.total)
    }

    private var closedCount: String {
        let number = status.connections.accepted - min(status.connections.accepted, UInt64(status.connections.active))
        let shown = latestClosed.count
        return shown == 0 ? "" : "the last \(shown) of \(DashboardFormat.count(number))"
    }

    private var latestClosed: [ConnectionInfo] {
        let sorted = (closed?.connections ?? []).sorted {
            ($0.endedAtUnixMilliseconds, $0.id) > ($1.endedAtUnixMilliseconds, $1.id)
        }
        return Array(sorted.prefix(Self.closedShown))
    }
}
