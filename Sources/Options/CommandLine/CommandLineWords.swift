internal import Basics

/// What a command line asks for.
package enum CommandLineRequest: Sendable {
    /// `flags` has the texts given for each option, by the option's name.
    case run(Command, flags: [String: [String]], operand: String?)
    case help(Command)
    case version
}

/// A command line that cannot be understood: a problem and a line of advice, for a person.
package struct UsageError: Error, Hashable, CustomStringConvertible {
    var problem: String
    var advice: String

    package var description: String { "\(problem)\n\(advice)" }
}

/// Reads the words of a command line. The option checks its value later.
package struct CommandLineWords {
    private let command: Command
    private var rest: ArraySlice<String>
    private var flags: [String: [String]] = [:]
    private var operand: String?

    /// `words` do not include the program's name. The first of `commands` needs no name.
    package static func read(_ words: [String], _ commands: [Command]) throws(UsageError) -> CommandLineRequest {
        // `echod help drain` is `echod drain --help`.
        let words = words.first == "help" ? words.drop { $0 == "help" } + [Command.help] : words
        let named = commands.first { $0.name == words.first }
        if named == nil, let word = words.first, !word.hasPrefix("-") { throw unknownCommand(word, commands) }
        let command = named ?? commands[0]
        let options = words.prefix { $0 != "--" }
        if options.contains(Command.help) || options.contains("-h") { return .help(command) }
        if options.contains(Command.version) { return .version }
        var reading = CommandLineWords(command: command, rest: words.dropFirst(named == nil ? 0 : 1))
        do throws(UsageError) {
            try reading.readAll()
        } catch {
            guard named == nil, let late = commands.dropFirst().first(where: { words.contains($0.name) }) else {
                throw error
            }
            throw UsageError(
                problem: error.problem, advice: "options follow the command: echod \(late.name) --admin ADDR")
        }
        return .run(command, flags: reading.flags, operand: reading.operand)
    }

    private mutating func readAll() throws(UsageError) {
        var optionBefore: OptionText?
        while let word = rest.popFirst() {
            if word == "--" {
                for word in rest { try readOperand(word, after: nil) }
                break
            }
            if word.hasPrefix("-"), word != "-" {
                optionBefore = try readOption(word)
            } else {
                try readOperand(word, after: optionBefore)
                optionBefore = nil
            }
        }
        if let expected = command.operand, operand == nil {
            throw failure("Missing expected argument '<\(expected.name)>'")
        }
    }

    /// `--name`, `--name value` or `--name=value`.
    private mutating func readOption(_ word: String) throws(UsageError) -> OptionText {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let option = command.options.first(where: { $0.flag == parts[0] }) else {
            throw failure("Unknown option '\(escaped(parts[0]))'\(near(parts[0]))")
        }
        let missing = failure("Missing value for '\(option.flag)'")
        let value: String
        switch option.arity {
        case .flag:
            guard parts.count == 1 else {
                throw failure(
                    "The option '\(option.flag)' does not take a value, but '\(escaped(parts[1]))' was given.")
            }
            value = "true"
        case .optionalValue:
            guard parts.count == 1 || !parts[1].isEmpty else { throw missing }
            value = parts.count == 1 ? "" : parts[1]
        case .value, .list:
            if parts.count == 2 {
                value = parts[1]
            } else {
                // `-5s` is more likely a slip than a value, and `--linger=-5s` can be written.
                guard let next = rest.first, !next.hasPrefix("-") || next == "-" else { throw missing }
                value = next
                rest.removeFirst()
            }
        }
        flags[option.name, default: []].append(value)
        return option
    }

    private mutating func readOperand(_ word: String, after option: OptionText?) throws(UsageError) {
        guard let expected = command.operand, operand == nil else {
            let advice = option.flatMap { option in
                option.arity == .optionalValue
                    ? "write its value with an equals sign: \(option.flag)=\(option.valueName.uppercased())" : nil
            }
            throw failure("Unexpected argument '\(escaped(word))'", advice: advice)
        }
        guard expected.values.contains(word) else {
            let values = expected.values.joined(separator: ", ")
            throw failure("The value '\(escaped(word))' is invalid for '<\(expected.name)>'; allowed: \(values)")
        }
        operand = word
    }

    // MARK: Errors

    private func failure(_ problem: String, advice: String? = nil) -> UsageError {
        let name = command.isDefault ? "" : " \(command.name)"
        return UsageError(problem: problem, advice: advice ?? "see echod\(name) --help")
    }

    private func near(_ flag: String) -> String {
        let word = String(flag.drop { $0 == "-" })
        let near = Spelling.nearest(to: word, among: command.options.map(\.name))
        return near.map { ". Did you mean '--\($0)'?" } ?? ""
    }

    private static func unknownCommand(_ word: String, _ commands: [Command]) -> UsageError {
        let names = commands.map(\.name)
        let near = Spelling.nearest(to: word, among: names).map { ", did you mean \($0)?" } ?? ""
        return UsageError(
            problem: "unknown command \(PrintableText.quote(word))\(near)",
            advice: "commands: \(names.joined(separator: ", ")); see echod --help")
    }

    private func escaped(_ word: String) -> String { PrintableText.escape(word, limit: 120) }
}
