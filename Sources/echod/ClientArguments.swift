import ArgumentParser
import EchoCore

/// A command that talks to a running echod. As `ServeCommand` it only finds out what was written; `work` judges it.
protocol ClientSubcommand: ParsableCommand {
    /// What is to be done. Throws for values that do not parse or do not go together.
    func work(_ environment: [String: String]) throws(ClientOptionError) -> any ClientWork
}

/// What a client command does, every value judged.
package protocol ClientWork: Sendable {
    /// Does it and says so; returns the exit code (interface.md, section 1).
    func run(_ console: ClientConsole) throws -> Int32
}

/// Where to find the running echod: the options that all client commands share.
struct ClientAdminOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Its admin address, as for serve. (127.0.0.1:8889)", valueName: "addr"))
    var admin: [String] = []
    @Option(help: ArgumentHelp("Holds the token for what changes something. (none)", valueName: "file"))
    var adminTokenFile: String?

    func resolve(_ environment: [String: String]) throws(ClientOptionError) -> ClientAdmin {
        try ClientAdmin(flags: admin, tokenFile: adminTokenFile, environment: environment)
    }
}

/// What the parser cannot be told.
enum ClientArguments {
    static let subcommands: [any ClientSubcommand.Type] = [
        StatusCommand.self, ConnectionsCommand.self, DrainCommand.self, UndrainCommand.self, ShutdownCommand.self,
        ProbeCommand.self,
    ]

    /// The help of the client command that the arguments ask for; nil when they do not. The parser would show the
    /// root's, because the root leaves `--help` to serve.
    static func help(_ arguments: [String]) -> String? {
        guard let command = subcommands.first(where: { $0.configuration.commandName == arguments.first }),
            arguments.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" })
        else { return nil }
        return EchodCommand.helpMessage(for: command, columns: 80)
    }

    /// Stands for the value of a `--wait` without one. No argument can hold this character, so nobody can write it.
    static let noValue = "\0"

    /// A value that may be left out is unknown to the parser: `--wait` gets one that says so.
    static func withOptionalValues(_ arguments: [String]) -> [String] {
        guard let command = arguments.first, [DrainCommand.name, ShutdownCommand.name].contains(command) else {
            return arguments
        }
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return arguments[..<end].map { $0 == "--wait" ? "--wait=\(noValue)" : $0 } + arguments[end...]
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

    /// The client command that the arguments name.
    static func command(_ arguments: [String]) -> String? {
        subcommands.lazy.compactMap { $0.configuration.commandName }.first { $0 == arguments.first }
    }
}
