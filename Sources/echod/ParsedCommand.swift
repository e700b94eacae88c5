import ArgumentParser

/// What a command line asks for. Parsing has no effect of its own, so that tests need no process.
package enum ParsedCommand: Sendable {
    case serve(ServeOptions)
    /// A client command: it talks to an echod that runs.
    case client(any ClientWork)
    /// Nothing is to be run: print and end. Either text may be empty; both end with a newline otherwise.
    case exit(code: Int32, standardOutput: String, standardError: String)

    /// Bad usage (EX_USAGE of sysexits.h).
    package static let usageExitCode: Int32 = 64

    /// Reads `arguments` (without the program's name) in the light of the environment and of the machine.
    package static func parse(
        arguments: [String], environment: [String: String], host: HostLimits = .ofThisProcess()
    ) -> ParsedCommand {
        let arguments = Self.helpSpelledAsFlag(arguments)
        if let help = ClientArguments.help(arguments) { return .success(help) }
        do {
            if CompletionRoot.isAskedFor(arguments) { return .success(try CompletionRoot.script(arguments)) }
            let command = try EchodCommand.parseAsRoot(ClientArguments.withOptionalValues(arguments))
            if let client = command as? any ClientSubcommand { return .client(try client.work(environment)) }
            guard let serve = command as? ServeCommand, !serve.help else { return .success(help) }
            let flags = serve.arguments.flags
            return .serve(try OptionInput(flags: flags, environment: environment, host: host).resolve())
        } catch let error as OptionError {
            return .failure(error.description)
        } catch {
            guard EchodCommand.exitCode(for: error) != .success else {
                return .success(EchodCommand.fullMessage(for: error, columns: 80))
            }
            return .failure(explanation(of: error, arguments))
        }
    }

    /// The help of `echod`: that of serve, and which other commands there are.
    private static var help: String {
        let commands = ClientArguments.subcommands.map { command in
            let name = command.configuration.commandName ?? ""
            return "  \(name)\(String(repeating: " ", count: 24 - name.utf8.count))\(command.summary)"
        }
        return """
            \(EchodCommand.helpMessage(for: ServeCommand.self, columns: 80))
            COMMANDS for a running echod (echod COMMAND --help describes each):
            \(commands.joined(separator: "\n"))
            """
    }

    /// `echod help serve` asks what `echod serve --help` does; the library's own `help` would show the bare
    /// EchodCommand.
    private static func helpSpelledAsFlag(_ arguments: [String]) -> [String] {
        arguments.first == "help" ? arguments.drop { $0 == "help" } + ["--help"] : arguments
    }

    private static func explanation(of error: any Error, _ arguments: [String]) -> String {
        if CompletionRoot.isAskedFor(arguments) {
            return "\(CompletionRoot.message(for: error).prefix { $0 != "\n" })\nwrite bash, zsh or fish"
        }
        if let first = arguments.first, !first.hasPrefix("-"), first != ServeCommand.configuration.commandName,
            ClientArguments.command(arguments) == nil
        {
            return ClientArguments.noSuchCommand(first)
        }
        let help = ClientArguments.command(arguments).map { "see echod \($0) --help" } ?? "see echod --help"
        let message = ClientArguments.asWritten(withoutWildGuess(EchodCommand.message(for: error)))
        return "\(message)\n\(ClientArguments.advice(arguments) ?? help)"
    }

    /// `Unknown option '--bogus'. Did you mean '--loops'?` is what the library says: it guesses however far off the
    /// nearest option is, and that misleads.
    private static func withoutWildGuess(_ message: String) -> String {
        let parts = message.split(separator: "'", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[2] == ". Did you mean " else { return message }
        let words = [parts[1], parts[3]].map { String($0.drop { $0 == "-" }) }
        return Spelling.nearest(to: words[0], among: [words[1]]) == nil ? "\(parts[0])'\(parts[1])'" : message
    }

    private static func success(_ text: String) -> ParsedCommand {
        .exit(code: 0, standardOutput: text.hasSuffix("\n") ? text : text + "\n", standardError: "")
    }

    private static func failure(_ text: String) -> ParsedCommand {
        .exit(code: usageExitCode, standardOutput: "", standardError: "echod: \(text)\n")
    }
}
