import AdminClient
import ArgumentParser
import EchoCore
import EventLoops

/// `echod connections`.
struct ConnectionsCommand: ClientSubcommand {
    static let summary = "Who is connected, and what a drain waits for."
    static let configuration = CommandConfiguration(
        commandName: "connections", abstract: "Lists the connections of a running echod.",
        usage: "echod connections [--watch] [options]", helpNames: [.short, .long])

    @Flag(help: "Draw the list anew each second.")
    var watch = false
    @Option(
        help: ArgumentHelp("open, closing, half_closed or closed. (not closed)", valueName: "state"),
        completion: .choices(ConnectionState.self))
    var state: String?
    @Option(
        help: ArgumentHelp("What a drain waits for: unread_input, partial_line, ...", valueName: "reason"),
        completion: .choices(Blocker.self))
    var blockedOn: String?
    @Option(help: ArgumentHelp("Only clients there, with or without port.", valueName: "addr"))
    var peer: String?
    @Option(
        help: ArgumentHelp("id, age, idle, received or sent. (id)", valueName: "order"),
        completion: .choices(ConnectionQuery.Order.self))
    var sort: String?
    @Option(help: ArgumentHelp("1 to 1000. (100)", valueName: "n"))
    var limit: String?
    @Flag(help: "The answer of the admin API, on one line.")
    var json = false
    @OptionGroup var admin: ClientAdminOptions

    func work(_ environment: [String: String]) throws(OptionError) -> any ClientWork {
        let state = try OptionReader.Kind<ConnectionState>.choice.read("--state", state)
        let blocker = try OptionReader.Kind<Blocker>.choice.read("--blocked-on", blockedOn)
        let peer = try OptionReader.Kind<String>.peer.read("--peer", peer)
        let order = try OptionReader.Kind<ConnectionQuery.Order>.choice.read("--sort", sort)
        let limit = try OptionReader.Kind<Int>.number(1...1000).read("--limit", limit)
        let parameters: [(String, String?)] = [
            ("state", state?.rawValue), ("blocked_on", blocker?.rawValue), ("peer", peer), ("sort", order?.rawValue),
            ("limit", limit.map { "\($0)" }),
        ]
        let request = AdminRequest(
            .get, "/connections", parameters.compactMap { name, value in value.map { .init(name, $0) } })
        return ConnectionsWork(
            admin: try admin.resolve(environment), request: request, isWatching: watch, asJSON: json)
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

    /// The lines of a screen, none longer and not more than it has.
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
