import ArgumentParser

/// The root that shells learn: there, the options of serve follow `echod` itself. In `EchodCommand` they would be
/// taken in front of every other command, too.
struct CompletionRoot: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: EchodCommand.configuration.commandName, version: Product.description,
        subcommands: EchodCommand.configuration.subcommands)

    /// Addresses, or how they begin.
    static let listeners = [":8888", "unix:"]
    static let admins = ["localhost:8889", ":8889", "unix:"]

    @OptionGroup var arguments: ServeArguments

    /// The option stands first or not at all.
    static func isAskedFor(_ arguments: [String]) -> Bool {
        arguments.first?.hasPrefix("--generate-completion-script") == true
    }

    /// The script for the shell that the arguments name, or for that of the user.
    static func script(_ arguments: [String]) throws -> String {
        do {
            _ = try parseAsRoot(arguments)
            return ""
        } catch {
            guard exitCode(for: error) == .success else { throw error }
            let script = fullMessage(for: error, columns: 80)
            return script.hasPrefix("#compdef") ? withWholeAddresses(script) : withValuesOfTheRightCommand(script)
        }
    }

    /// The library's script for bash asks whether the word before belongs to the root before it looks whether a command
    /// stands there: `echod drain --mode` would be offered the modes of serve. The first question is the root's.
    private static func withValuesOfTheRightCommand(_ script: String) -> String {
        script.replacing("case \"${prev}\" in", with: "case \"${unparsed_words[0]:-${prev}}\" in", maxReplacements: 1)
    }
    /// The library's script for zsh hands values to `_describe`, which takes what follows a colon for a description.
    private static func withWholeAddresses(_ script: String) -> String {
        Set(listeners + admins).reduce(script) { script, address in
            script.replacing("'\(address)'", with: "'\(address.replacing(":", with: "\\:"))'")
        }
    }
}
