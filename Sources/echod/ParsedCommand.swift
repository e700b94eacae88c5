import ClientCommands
import EchoCore
import FoundationEssentials
import Options

/// What a command line asks for. Parsing has no effect of its own, so that tests need no process.
enum ParsedCommand: Sendable {
    case serve(ServeOptions)
    /// A client command: it talks to a running echod.
    case client(any ClientWork)
    /// Print and exit. Either text may be empty; otherwise it ends with a newline.
    case exit(code: Int32, standardOutput: String, standardError: String)

    static let clientCommands: [ClientCommand] = [.status, .connections, .drain, .undrain, .shutdown, .probe]

    /// Reads `arguments` (without the program's name), with the environment and the limits of the machine.
    static func parse(
        arguments: [String], environment: [String: String], host: HostLimits = .ofThisProcess()
    ) -> ParsedCommand {
        let table = ServeTable(host)
        let commands = [table.command] + clientCommands.map(\.command)
        do {
            if let text = try forShellsAndManual(arguments, environment, commands) { return .success(text) }
            switch try CommandLineWords.read(arguments, commands) {
            case .help(let command): return .success(help(command, commands))
            case .version: return .success(Product.description)
            case .run(let command, let flags, let operand):
                if let client = clientCommands.first(where: { $0.command.name == command.name }) {
                    return .client(try client.work(flags: flags, operand: operand, environment: environment))
                }
                let options = try ServeOptions(table, from: OptionSources(flags: flags, environment: environment))
                try options.tryTokenFile()
                return .serve(options)
            }
        } catch {
            let code = Int32(ExitCode.badUsage.rawValue)
            return .exit(code: code, standardOutput: "", standardError: "echod: \(error)\n")
        }
    }

    /// The help of `echod` is that of serve, and names the other commands.
    private static func help(_ command: Command, _ commands: [Command]) -> String {
        HelpText.of(command, others: command.name == commands[0].name ? Array(commands.dropFirst()) : [])
    }

    /// Answers what programs, not people, ask for; nil for any other command line. The first word tells them apart.
    private static func forShellsAndManual(
        _ arguments: [String], _ environment: [String: String], _ commands: [Command]
    ) throws -> String? {
        let parts = arguments.first?.split(separator: "=", maxSplits: 1).map(String.init) ?? []
        switch parts.first {
        case Completion.scriptFlag:
            let shell = parts.dropFirst().first ?? arguments.dropFirst().first ?? environment["SHELL"] ?? ""
            return try Completion.script(shell)
        case Completion.question: return Completion.answer(Array(arguments.dropFirst()), commands)
        case "--describe": return String(decoding: try JSONEncoder().encode(commands), as: UTF8.self)
        default: return nil
        }
    }

    private static func success(_ text: String) -> ParsedCommand {
        let end = text.isEmpty || text.hasSuffix("\n") ? "" : "\n"
        return .exit(code: 0, standardOutput: text + end, standardError: "")
    }
}
