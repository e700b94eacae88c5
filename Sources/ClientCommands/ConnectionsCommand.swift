internal import AdminClient
internal import Basics
internal import EchoCore
internal import EventLoops
internal import Options
internal import Wire

extension ClientCommand {
    private static let watch = Option(
        "watch", .toggle, standard: false, help: "Show the list again each second.",
        manual: """
            On a terminal the list is drawn in place, elsewhere one table follows the other, until Ctrl-C or the end of \
            the server. With `--json` it is a line each second.
            """)
    private static let state = Option(
        "state", ValueKind<ConnectionState>.choice("state").optional, standard: nil, "not closed",
        help: "open, closing, half_closed or closed.",
        manual: "The last 1000 closed connections are kept, with the reason.")
    private static let blockedOn = Option(
        "blocked-on", ValueKind<Blocker>.choice("reason").optional, standard: nil, "",
        help: "What a drain waits for: unread_input, partial_line, ...")
    private static let peer = Option(
        "peer", ValueKind<String>.peer.optional, standard: nil, "",
        help: "Only clients with this address; the port is optional.",
        manual: "For example `10.0.0.9`, `10.0.0.9:51234`, `[::1]:51234` or `unix`.")
    private static let sort = Option(
        "sort", ValueKind<ConnectionQuery.Order>.choice("order").optional, standard: nil, "id",
        help: "id, age, idle, received or sent.")
    private static let limit = Option(
        "limit", ValueKind<Int>.number(1...ServiceLimits.rowsPerPage).optional, standard: nil,
        "\(ServiceLimits.defaultRowsPerPage)", help: "1 to \(ServiceLimits.rowsPerPage).")
    private static let json = Option(
        "json", .toggle, standard: false, help: "The answer of the admin API, on one line.")

    package static let connections = ClientCommand(
        Command(
            "connections", summary: "Who is connected, and what a drain waits for.",
            abstract: "Lists the connections of a running echod.", usage: "echod connections [--watch] [options]",
            manual: "The last line says how many are shown, and how many there are.",
            options: [watch, state, blockedOn, peer, sort, limit, json] + ClientAdmin.options)
    ) { (arguments) throws(OptionError) in
        let options = arguments.options
        let parameters: [(String, String?)] = [
            ("state", try options.value(state)?.rawValue), ("blocked_on", try options.value(blockedOn)?.rawValue),
            ("peer", try options.value(peer)), ("sort", try options.value(sort)?.rawValue),
            ("limit", try options.value(limit).map { "\($0)" }),
        ]
        let request = AdminRequest(
            .get, "/connections", parameters.compactMap { name, value in value.map { .init(name, $0) } })
        return ConnectionsWork(
            admin: arguments.admin, request: request, isWatching: try options.value(watch),
            asJSON: try options.value(json))
    }
}

struct ConnectionsWork: ClientWork {
    var admin: ClientAdmin
    var request: AdminRequest
    var isWatching: Bool
    var asJSON: Bool

    func run(_ console: ClientConsole) throws -> Int32 {
        let target = try admin.target()
        let view = ConnectionsView(asJSON: asJSON)
        guard isWatching else {
            let answer = try ClientLoop.send(request, to: target).get()
            try console.say(try view.text(answer, width: console.size?.columns))
            return 0
        }
        if console.canRedrawOutput && !asJSON {
            throw try ConnectionsWatch.onScreen(request, target, view, console)
        }
        throw try ConnectionsWatch.inTurn(request, target, view, console)
    }
}

/// How an answer of `GET /connections` is shown.
struct ConnectionsView: Sendable {
    var asJSON: Bool

    /// Without the last newline. A refusal is an error, too.
    func text(_ answer: AdminAnswer, width: Int?) throws -> String {
        let page = try page(answer)
        if asJSON { return try answer.read(JSONLine.text) }
        return (ConnectionTable(page).lines(width: width) + [Self.count(page)]).joined(separator: "\n")
    }

    /// The lines of a screen, none wider than the screen, and no more than it has.
    func screen(_ answer: AdminAnswer, _ size: Terminal.Size) throws -> [String] {
        let page = try page(answer)
        let title = "\(Self.count(page)) connections at \(answer.peer); Ctrl-C ends this"
        let table = ConnectionTable(page).lines(width: size.columns)
        let lines = [String(title.prefix(size.columns)), ""] + table
        guard lines.count > size.rows else { return lines }
        let more = "... and \(lines.count - size.rows + 1) more"
        return lines.prefix(size.rows - 1) + [String(more.prefix(size.columns))]
    }

    private static func count(_ page: ConnectionPage) -> String { "\(page.connections.count) of \(page.total)" }

    private func page(_ answer: AdminAnswer) throws -> ConnectionPage {
        guard answer.http.status == 200 else { throw ConnectionsRefused(description: Refusal.text(answer.http)) }
        return try answer.read { (json) throws(ReadingError) in try ConnectionPage(json: json) }
    }
}

struct ConnectionsRefused: Error, CustomStringConvertible {
    var description: String
}
