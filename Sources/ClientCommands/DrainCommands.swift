internal import AdminClient
internal import Basics
internal import EchoCore
internal import Options
internal import Wire

/// The options of `drain` and `shutdown`.
private enum DrainOptions {
    static let wait = Option(
        "wait", ValueKind<Duration>.duration().optional, standard: nil, "", isOptional: true,
        help: "Wait for the end of the drain, or for DUR.",
        manual: """
            On a terminal a line shows meanwhile what the drain still waits for. Ctrl-C ends the waiting, not the \
            drain. The exit status says how the drain ended.
            """)
    static let timeout = Option(
        "timeout", ValueKind<Duration>.duration(from: ServiceLimits.drainTimeout.lowerBound).optional, standard: nil,
        "the server's",
        help: "The whole time of the drain, delay included.")
    static let delay = Option(
        "delay", ValueKind<Duration>.duration().optional, standard: nil, "the server's",
        help: "Still accept for this time.")
    static let mode = Option(
        "mode", ValueKind<DrainMode>.choice("mode").optional, standard: nil, "the server's",
        help: "close, wait or abort.")

    static let all: [any AnyOption] = [wait, timeout, delay, mode, jsonOption]
}

extension DrainWork {
    fileprivate init(_ path: String, _ arguments: ClientCommand.Arguments) throws(OptionError) {
        let options = arguments.options
        let timeout = try options.value(DrainOptions.timeout)
        let delay = try options.value(DrainOptions.delay)
        if let timeout, let delay, delay >= timeout {
            throw OptionError(
                option: DrainOptions.delay.text.flag, origin: OptionError.commandLine,
                value: DurationFormat.print(delay), problem: "the delay is part of the timeout and must be smaller",
                allowed: "less than \(DurationFormat.print(timeout))")
        }
        self.init(
            admin: arguments.admin, path: path, wait: try Self.wait(options), timeout: timeout, delay: delay,
            mode: try options.value(DrainOptions.mode), asJSON: try options.value(jsonOption))
    }

    /// `--wait` has an empty text, `--wait=DUR` a duration.
    private static func wait(_ options: OptionSources) throws(OptionError) -> Wait? {
        guard let given = options.given(DrainOptions.wait.text) else { return nil }
        guard given.texts.last != "" else { return .toTheEnd }
        return try options.value(DrainOptions.wait).map { .atMost($0) }
    }
}

extension ClientCommand {
    package static let drain = ClientCommand(
        Command(
            "drain", summary: "Finish open connections, accept no more, stay alive.",
            abstract: "Makes a running echod finish its connections and stay alive.",
            usage: "echod drain [--wait[=DUR]] [options]", discussion: DrainWork.exitCodes,
            manual: "With `--wait` it says how the drain ended; without, it returns at once.",
            options: DrainOptions.all + ClientAdmin.options)
    ) { (arguments) throws(OptionError) in try DrainWork("/drain", arguments) }

    package static let shutdown = ClientCommand(
        Command(
            "shutdown", summary: "Drain, then exit.",
            abstract: "Makes a running echod finish its connections and exit.",
            usage: "echod shutdown [--wait[=DUR]] [options]", discussion: DrainWork.exitCodes,
            manual: "It has the options of `drain`.", options: DrainOptions.all + ClientAdmin.options)
    ) { (arguments) throws(OptionError) in try DrainWork("/shutdown", arguments) }

    package static let undrain = ClientCommand(
        Command(
            "undrain", summary: "Serve again, on the same addresses.",
            abstract: "Makes a drained or draining echod serve again, on the same addresses.",
            usage: "echod undrain [options]", manual: "It is not possible after a signal.",
            options: ClientAdmin.options + [jsonOption])
    ) { (arguments) throws(OptionError) in
        UndrainWork(admin: arguments.admin, asJSON: try arguments.options.value(jsonOption))
    }
}

struct UndrainWork: ClientWork {
    var admin: ClientAdmin
    var asJSON: Bool

    var changesServer: Bool { true }

    func run(_ console: ClientConsole) throws -> Int32 {
        let request = try admin.mutation(.delete, "/drain")
        let answer = try ClientLoop.send(request, to: admin.target()).get()
        if let hint = admin.tokenHint(request, answer) { return console.refuse(answer.http, hint: hint) }
        guard answer.http.status == 200 else { return console.refuse(answer.http) }
        let status = try answer.read { (json) throws(ReadingError) in try ServiceStatus(json: json) }
        try console.say(asJSON ? try answer.read(JSONLine.text) : status.state.rawValue)
        return 0
    }
}
