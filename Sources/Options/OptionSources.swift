/// Where the value of an option came from, the strongest first.
package enum OptionSource: String, Hashable, Sendable, CaseIterable {
    case flag, environment, file, `default`
}

/// What was written for one option, by the source that counts.
package struct Given: Hashable, Sendable {
    /// Not empty. If the option is not repeatable, the last one counts.
    package var texts: [String]
    package var source: OptionSource
    /// The source for a person: `the command line`.
    package var origin: String

    /// `value` is the text that was given for the option, for a person.
    func error(_ option: OptionText, value: String, problem: String, allowed: String) -> OptionError {
        OptionError(option: option.flag, origin: origin, value: value, problem: problem, allowed: allowed)
    }
}

/// The sources of option values in their order of precedence: flags, then the environment, then the file.
package struct OptionSources: Sendable {
    private let flags: [String: [String]]
    private let environment: [String: String]
    private var file: (path: String, settings: [String: ConfigurationFile.Setting])?

    /// `flags` has the names of the options as keys.
    package init(flags: [String: [String]], environment: [String: String]) {
        self.flags = flags
        self.environment = environment
    }

    /// Adds the file that `config` names, if it is given.
    mutating func readFile(_ config: OptionText, options: [OptionText]) throws(OptionError) {
        guard let given = given(config), let path = given.texts.last else { return }
        do throws(ConfigurationFile.Failure) {
            file = (path, try ConfigurationFile(path: path, options: options).settings)
        } catch {
            guard let option = error.option, let line = error.line else {
                let place = error.line.map { "line \($0): " } ?? ""
                throw given.error(config, value: path, problem: place + error.problem, allowed: error.allowed)
            }
            throw OptionError(
                option: option.flag, origin: Self.place(path, line), value: error.value, problem: error.problem,
                allowed: error.allowed)
        }
    }

    /// What the strongest source says; nil when none gives the option. An empty variable counts as unset; commas
    /// separate the values of a repeatable option in the environment.
    package func given(_ option: OptionText) -> Given? {
        if let texts = flags[option.name], !texts.isEmpty {
            return Given(texts: texts, source: .flag, origin: OptionError.commandLine)
        }
        if let text = environment[option.environmentVariable], !text.isEmpty {
            let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(Self.trimmed)
            return Given(
                texts: option.isRepeatable ? parts : [text], source: .environment,
                origin: "the environment variable \(option.environmentVariable)")
        }
        return file.flatMap { file in
            file.settings[option.name].map {
                Given(texts: $0.texts, source: .file, origin: Self.place(file.path, $0.line))
            }
        }
    }

    /// The value in force of `option`.
    package func value<Value>(_ option: Option<Value>) throws(OptionError) -> Value {
        try given(option.text).map(option.read) ?? option.standard
    }

    private static func place(_ path: String, _ line: Int) -> String { "line \(line) of \(path)" }

    /// People write `a, b` in a manifest.
    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
