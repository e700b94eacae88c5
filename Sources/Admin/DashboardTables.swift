internal import EchoCore

/// A table of connections. Its template is what the page's script makes further lines from.
struct DashboardTable: Sendable {
    struct Column: Sendable {
        var name: String
        var title: String
        var style: String?
        /// The API's word for the order by this column.
        var sort: ConnectionQuery.Order?
        var text: @Sendable (ConnectionInfo) -> String
        /// What the style sheet may colour the cell by.
        var state: @Sendable (ConnectionInfo) -> String? = { _ in nil }
    }

    let id: String
    /// What it is, for those who do not see it.
    let caption: String
    let columns: [Column]
    /// Whether each line ends with a cell for the button that closes it.
    let hasAction: Bool
    /// Shown where there is no line.
    let empty: HTML

    func html(_ rows: [ConnectionInfo]) -> HTML {
        .element("table", ["id": id]) {
            HTML.element("caption", ["class": "unseen"]) { caption }
            HTML.element("thead") { head }
            HTML.element("tbody") {
                for row in rows { line(row) }
                emptyLine(isHidden: !rows.isEmpty)
            }
            HTML.element("template") { line(nil) }
        }
    }

    private var head: HTML {
        .element("tr") {
            for column in columns {
                HTML.element(
                    "th",
                    [
                        "scope": "col", "class": column.style, "data-sort": column.sort?.rawValue,
                        "aria-sort": column.sort.map { $0 == .id ? "ascending" : "none" },
                    ]
                ) { column.title }
            }
            if hasAction {
                HTML.element("td") { HTML.nothing }
            }
        }
    }

    /// The line of a connection; of none, the same without texts.
    private func line(_ row: ConnectionInfo?) -> HTML {
        .element("tr", ["data-id": row.map { "\($0.id)" }]) {
            for column in columns {
                HTML.element(
                    "td", ["class": column.style, "data-cell": column.name, "data-state": row.flatMap(column.state)]
                ) { row.map(column.text) ?? "" }
            }
            if hasAction {
                HTML.element("td", ["class": "action"]) { HTML.nothing }
            }
        }
    }

    private func emptyLine(isHidden: Bool) -> HTML {
        .element("tr", ["class": "empty", "hidden": isHidden ? "" : nil]) {
            HTML.element("td", ["colspan": "\(columns.count + (hasAction ? 1 : 0))"]) {
                HTML.element("span", ["class": "filtered", "hidden": ""])
                HTML.element("span", ["class": "unfiltered"]) { empty }
            }
        }
    }
}

extension DashboardTable {
    /// `echoAddress`: where a first client can be sent.
    static func open(echoAddress: String?) -> DashboardTable {
        DashboardTable(
            id: "open-table", caption: "Open connections", columns: openColumns, hasAction: true,
            empty: .joined([
                .text("No client is connected. "),
                tryOut(echoAddress).map { line in
                    .element("span", ["class": "try"]) {
                        "Try "
                        HTML.element("code") { line }
                    }
                } ?? .nothing,
            ]))
    }

    static let closed = DashboardTable(
        id: "closed-table", caption: "Connections that have ended, the latest first", columns: closedColumns,
        hasAction: false, empty: .text("No connection has ended yet."))

    private static func tryOut(_ address: String?) -> String? {
        guard let address, !address.hasPrefix("unix"), let colon = address.lastIndex(of: ":") else { return nil }
        let host = address[..<colon].filter { $0 != "[" && $0 != "]" }
        return "echo hello | ncat \(PrintableText.escape(String(host))) \(address[address.index(after: colon)...])"
    }

    private static let openColumns = [
        Column(name: "id", title: "ID", style: "number", sort: .id) { "\($0.id)" },
        Column(name: "peer", title: "Peer", style: "address") { PrintableText.escape($0.peer) },
        Column(name: "local", title: "Local", style: "address local") { PrintableText.escape($0.local) },
        Column(name: "state", title: "State", text: { DashboardWords.word($0.state) }, state: { $0.state.rawValue }),
        Column(name: "blocked_on", title: "Waits for", style: "waits") {
            $0.blockedOn.map { DashboardWords.word($0) } ?? ""
        },
        Column(name: "age", title: "Age", style: "number", sort: .age) { DurationFormat.span($0.age) },
        Column(name: "idle", title: "Idle", style: "number", sort: .idle) { DurationFormat.span($0.idle) },
        Column(name: "lines", title: "Lines", style: "number") { DashboardFormat.count($0.lines) },
        Column(name: "received", title: "Received", style: "number", sort: .received) {
            DashboardFormat.bytes($0.received)
        },
        Column(name: "sent", title: "Sent", style: "number", sort: .sent) { DashboardFormat.bytes($0.sent) },
        Column(name: "unread", title: "Unread", style: "number") { bytesOrDash($0.unread) },
        Column(name: "unacked", title: "Unacked", style: "number") { bytesOrDash($0.unacked) },
        Column(name: "partial", title: "Partial", style: "number") { bytesOrDash($0.partialLine ?? 0) },
    ]

    private static let closedColumns = [
        Column(name: "ended", title: "Ended (UTC)") { clock($0) },
        Column(name: "id", title: "ID", style: "number") { "\($0.id)" },
        Column(name: "peer", title: "Peer", style: "address") { PrintableText.escape($0.peer) },
        Column(name: "reason", title: "Reason") { $0.reason.map { DashboardWords.word($0) } ?? "" },
        Column(name: "age", title: "Lived", style: "number") { DurationFormat.span($0.age) },
        Column(name: "lines", title: "Lines", style: "number") { DashboardFormat.count($0.lines) },
        Column(name: "received", title: "Received", style: "number") { DashboardFormat.bytes($0.received) },
        Column(name: "sent", title: "Sent", style: "number") { DashboardFormat.bytes($0.sent) },
        Column(name: "late", title: "Too late", style: "number") { bytesOrDash($0.lateDiscarded) },
    ]

    private static func bytesOrDash(_ number: some BinaryInteger) -> String {
        number > 0 ? DashboardFormat.bytes(number) : "–"
    }

    /// The time of day at which it ended: its age stands still since.
    private static func clock(_ row: ConnectionInfo) -> String {
        String(Timestamp.rfc3339(unixNanoseconds: row.endedAtUnixMilliseconds * 1_000_000).dropFirst(11).prefix(8))
    }
}

extension ConnectionInfo {
    /// When a closed connection ended, in milliseconds since 1970: as the page's script reckons it from the row in
    /// JSON, so that both give the same order and time.
    var endedAtUnixMilliseconds: Int64 { openedAtUnixNanoseconds / 1_000_000 + age.inMilliseconds }
}
