package import Options

/// A command that talks to a running echod.
package struct ClientCommand: Sendable {
    package let command: Command
    /// The work to do. Throws for values that do not parse or do not go together.
    private let plan: @Sendable (Arguments) throws(OptionError) -> any ClientWork

    /// What was given for the command.
    struct Arguments: Sendable {
        var options: OptionSources
        /// One of the operand's values; empty for a command without an operand.
        var operand: String
        var admin: ClientAdmin
    }

    init(
        _ command: Command, plan: @escaping @Sendable (Arguments) throws(OptionError) -> any ClientWork
    ) {
        self.command = command
        self.plan = plan
    }

    package func work(
        flags: [String: [String]], operand: String?, environment: [String: String]
    ) throws(OptionError) -> any ClientWork {
        // The environment variables are those of `serve`: `ECHOD_MODE` is not the mode of `drain`.
        let variables = ClientAdmin.options.map(\.text.environmentVariable)
        let options = OptionSources(flags: flags, environment: environment.filter { variables.contains($0.key) })
        return try plan(Arguments(options: options, operand: operand ?? "", admin: try ClientAdmin(options)))
    }
}

/// What a client command does, with every value checked.
package protocol ClientWork: Sendable {
    /// Whether the server has already done something when the command has something to say.
    var changesServer: Bool { get }

    /// Does it and says so; returns the exit code (contract.md, section 1).
    func run(_ console: ClientConsole) throws -> Int32
}

extension ClientWork {
    package var changesServer: Bool { false }
}

/// `--json`, shared by several commands.
let jsonOption = Option(
    "json", .toggle, standard: false, help: "The status object as the admin API sends it, on one line.")
