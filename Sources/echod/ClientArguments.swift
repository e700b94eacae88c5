import ArgumentParser
import EchoCore

/// A command that talks to a running echod. As `ServeCommand` it only finds out what was written; `work` judges it.
protocol ClientSubcommand: ParsableCommand {
    /// What it does, in the 54 columns that the list of commands has for it.
    static var summary: String { get }

    /// What is to be done. Throws for values that do not parse or do not go together.
    func work(_ environment: [String: String]) throws(OptionError) -> any ClientWork
}

/// What a client command does, every value judged.
package protocol ClientWork: Sendable {
    /// Whether the server has done something by the time that there is something to say.
    var changesServer: Bool { get }

    /// Does it and says so; returns the exit code (interface.md, section 1).
    func run(_ console: ClientConsole) throws -> Int32
}

extension ClientWork {
    package var changesServer: Bool { false }
}

/// Where to find the running echod: the options that all client commands share.
struct ClientAdminOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Where its admin API answers. (127.0.0.1:8889)", valueName: "addr"),
        completion: .list(CompletionRoot.admins))
    var admin: [String] = []
    @Option(
        help: ArgumentHelp("Holds the token for what changes something. (none)", valueName: "file"),
        completion: .file())
    var adminTokenFile: String?

    func resolve(_ environment: [String: String]) throws(OptionError) -> ClientAdmin {
        try ClientAdmin(flags: admin, tokenFile: adminTokenFile, environment: environment)
    }
}

/// What the parser cannot be told.
enum ClientArguments {
    static let subcommands: [any ClientSubcommand.Type] = [
        StatusCommand.self, ConnectionsCommand.self, DrainCommand.self, UndrainCommand.self, ShutdownCommand.self,
        ProbeCommand.self,
    ]

    static var names: [String] { subcommands.compactMap { $0.configuration.commandName } }

    /// The help of the client command that the arguments ask for; nil when they do not. The parser would show the
    /// root's, because the root leaves `--help` to serve.
    static func help(_ arguments: [String]) -> String? {
        guard let command = subcommands.first(where: { $0.configuration.commandName == arguments.first }),
            arguments.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" })
        else { return nil }
        return EchodCommand.helpMessage(for: command, columns: 80)
    }

    /// `--wait=DUR`. To the parser it is another option than the flag `--wait`: it knows no value that may be left out.
    static let waitAtMost = "wait-at-most"

    static func withOptionalValues(_ arguments: [String]) -> [String] {
        guard let command = arguments.first, [DrainCommand.name, ShutdownCommand.name].contains(command) else {
            return arguments
        }
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return arguments[..<end].map {
            $0.hasPrefix("--wait=") ? "--\(waitAtMost)=\($0.dropFirst("--wait=".count))" : $0
        } + arguments[end...]
    }

    /// A message of the parser, with the names that the user knows.
    static func asWritten(_ message: String) -> String {
        message.replacing("--\(waitAtMost)", with: "--wait")
    }

    /// What to add to an error of the parser, for mistakes that it misunderstands; nil for others.
    static func advice(_ arguments: [String]) -> String? {
        if command(arguments) != nil {
            guard let wait = arguments.firstIndex(of: "--wait"), wait + 1 < arguments.count,
                arguments[wait + 1].first?.isNumber == true
            else { return nil }
            return "a time to wait is written with an equals sign: --wait=DUR"
        }
        guard arguments.first?.hasPrefix("-") == true,
            let command = arguments.lazy.compactMap({ command([$0]) }).first
        else { return nil }
        return "options follow the command: echod \(command) --admin ADDR"
    }

    /// Two lines about a word where a command has to stand.
    static func noSuchCommand(_ word: String) -> String {
        let commands = ["serve"] + names
        let near = Spelling.nearest(to: word, among: commands).map { ", did you mean \($0)?" } ?? ""
        return """
            there is no command \(PrintableText.quote(word))\(near)
            commands: \(commands.joined(separator: ", ")); see echod --help
            """
    }

    /// The client command that the arguments name.
    static func command(_ arguments: [String]) -> String? {
        names.first { $0 == arguments.first }
    }
}
