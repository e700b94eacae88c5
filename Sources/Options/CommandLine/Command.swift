/// A command of `echod`, as help, completion and manual describe it.
package struct Command: Sendable, Encodable {
    /// The word that must follow the command.
    package struct Operand: Sendable, Encodable {
        var name: String
        var help: String
        var values: [String]

        package init(_ name: String, help: String, values: [String]) {
            self.name = name
            self.help = help
            self.values = values
        }
    }

    package let name: String
    /// One line in the list of commands. Empty: the command that needs no name, and is not listed.
    let summary: String
    /// What the command does, in a sentence.
    let abstract: String
    let usage: String
    let discussion: String
    /// What the manual adds to the abstract: sentences, literal text in backquotes.
    let manual: String
    let operand: Operand?
    let options: [OptionText]

    package init(
        _ name: String, summary: String = "", abstract: String, usage: String, discussion: String = "",
        manual: String = "", operand: Operand? = nil, options: [any AnyOption]
    ) {
        self.name = name
        self.summary = summary
        self.abstract = abstract
        self.usage = usage
        self.discussion = discussion
        self.manual = manual
        self.operand = operand
        self.options = options.map(\.text)
    }

    var isDefault: Bool { summary.isEmpty }

    // Every command has these.
    static let help = "--help"
    static let version = "--version"
}

extension ServeTable {
    /// `echod serve`.
    package var command: Command {
        Command(
            "serve",
            abstract: "Upper-cases and echoes every line it gets over TCP, and drains without losing a byte.",
            usage: "echod [serve] [options]",
            discussion: """
                ADDR is HOST:PORT, [V6]:PORT, :PORT (every interface) or unix:PATH. DUR is 500ms, 20s, 2m or 1h. \
                An option not given here is taken from the environment: --drain-timeout from ECHOD_DRAIN_TIMEOUT, \
                repeatable ones (*) separated by commas; then from the file of --config. Defaults are in parentheses.
                """,
            options: all)
    }
}
