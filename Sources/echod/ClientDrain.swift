import AdminClient
import ArgumentParser
import EchoCore

/// What `drain` and `shutdown` take.
struct DrainOptions: ParsableArguments {
    @Flag(help: "Wait for the end; --wait=DUR: at most so long.")
    var wait = false
    @Option(name: .customLong(ClientArguments.waitAtMost), help: .hidden)
    var waitAtMost: String?
    @Option(help: ArgumentHelp("The whole budget, delay included. (the server's)", valueName: "dur"))
    var timeout: String?
    @Option(help: ArgumentHelp("Still accept so long. (the server's)", valueName: "dur"))
    var delay: String?
    @Option(
        help: ArgumentHelp("close, wait or abort. (the server's)", valueName: "mode"),
        completion: .choices(DrainMode.self))
    var mode: String?
    @Flag(help: "The status object as the admin API sends it, on one line.")
    var json = false

    func work(_ path: String, _ admin: ClientAdmin) throws(OptionError) -> any ClientWork {
        let anyDuration = OptionReader.Kind<Duration>.duration()
        let timeout = try OptionReader.Kind<Duration>.duration(from: .milliseconds(100)).read("--timeout", timeout)
        let delay = try anyDuration.read("--delay", delay)
        if let timeout, let delay, delay >= timeout {
            throw OptionError(
                option: "--delay", origin: OptionError.commandLine, value: DurationFormat.print(delay),
                problem: "it leaves nothing of the timeout", allowed: "less than \(DurationFormat.print(timeout))")
        }
        let limit = try anyDuration.read("--wait", waitAtMost)
        return DrainWork(
            admin: admin, path: path, wait: limit.map { .atMost($0) } ?? (wait ? .toTheEnd : nil),
            timeout: timeout, delay: delay, mode: try OptionReader.Kind<DrainMode>.choice.read("--mode", mode),
            asJSON: json)
    }
}

/// `echod drain`.
struct DrainCommand: ClientSubcommand {
    static let summary = "Finish the connections, take no more, stay alive."
    static let name = "drain"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Has a running echod finish its connections and stay alive.",
        usage: "echod drain [--wait[=DUR]] [options]", discussion: DrainWork.exitCodes, helpNames: [.short, .long])

    @OptionGroup var options: DrainOptions
    @OptionGroup var admin: ClientAdminOptions

    func work(_ environment: [String: String]) throws(OptionError) -> any ClientWork {
        try options.work("/drain", try admin.resolve(environment))
    }
}

/// `echod shutdown`.
struct ShutdownCommand: ClientSubcommand {
    static let summary = "As drain, then exit."
    static let name = "shutdown"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Has a running echod finish its connections and exit.",
        usage: "echod shutdown [--wait[=DUR]] [options]", discussion: DrainWork.exitCodes, helpNames: [.short, .long])

    @OptionGroup var options: DrainOptions
    @OptionGroup var admin: ClientAdminOptions

    func work(_ environment: [String: String]) throws(OptionError) -> any ClientWork {
        try options.work("/shutdown", try admin.resolve(environment))
    }
}

/// `echod undrain`.
struct UndrainCommand: ClientSubcommand {
    static let summary = "Serve again, on the same addresses."
    static let configuration = CommandConfiguration(
        commandName: "undrain", abstract: "Has a drained or draining echod serve again, on the same addresses.",
        usage: "echod undrain [options]", helpNames: [.short, .long])

    @OptionGroup var admin: ClientAdminOptions
    @Flag(help: "The status object as the admin API sends it, on one line.")
    var json = false

    func work(_ environment: [String: String]) throws(OptionError) -> any ClientWork {
        UndrainWork(admin: try admin.resolve(environment), asJSON: json)
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
