/// A value that an option does not take; the reader adds which option and where it came from.
struct Unacceptable: Error {
    var problem: String
}

/// Looks a value up in the order of precedence, so that flag, environment and file share one path and
/// one error text.
struct OptionReader {
    /// What a kind of value looks like, in words and in code.
    struct Kind<Value> {
        var allowed: String
        var parse: (String) throws(Unacceptable) -> Value

        /// The value that `text` stands for. `option` with its dashes; `origin` for a person.
        func read(_ option: String, _ text: String, from origin: String) throws(OptionError) -> Value {
            do throws(Unacceptable) {
                return try parse(text)
            } catch {
                throw OptionError(
                    option: option, origin: origin, value: text, problem: error.problem, allowed: allowed)
            }
        }

        /// The value of an option that stands on the command line only; nil when it does not.
        func read(_ option: String, _ text: String?) throws(OptionError) -> Value? {
            guard let text else { return nil }
            return try read(option, text, from: OptionError.commandLine)
        }
    }

    private let flags: [ServeOption: [String]]
    private let environment: [String: String]
    private var file: (path: String, settings: [ServeOption: ConfigurationFile.Setting])?
    /// The source of every option that was read.
    private(set) var sources: [ServeOption: OptionSource] = [:]
    /// What was written for every option that was given, for errors found later.
    private(set) var texts: [ServeOption: String] = [:]

    init(flags: [ServeOption: [String]], environment: [String: String]) {
        self.flags = flags
        self.environment = environment
    }

    /// Takes the file of `--config` as a further source for what is read after it.
    mutating func readConfiguration() throws(OptionError) {
        guard let path = try single(.config, .file) else { return }
        do throws(ConfigurationFile.Failure) {
            file = (path, try ConfigurationFile(path: path).settings)
        } catch {
            guard let option = error.option, let line = error.line else {
                let place = error.line.map { "line \($0): " } ?? ""
                throw self.error(.config, value: path, problem: place + error.problem, allowed: error.allowed)
            }
            throw OptionError(
                option: option.flag, origin: Self.place(path, line), value: error.value, problem: error.problem,
                allowed: error.allowed)
        }
    }

    /// The value of an option that may be given once; nil when it was not given. Of several flags the last counts.
    mutating func single<Value>(_ option: ServeOption, _ kind: Kind<Value>) throws(OptionError) -> Value? {
        if let flag = flags[option]?.last {
            return try take(flag, for: option, from: .flag, kind)
        }
        if let variable = environment[option.environmentVariable], !variable.isEmpty {
            return try take(variable, for: option, from: .environment, kind)
        }
        if let text = file?.settings[option]?.texts.last {
            return try take(text, for: option, from: .file, kind)
        }
        sources[option] = .default
        return nil
    }

    /// The values of a repeatable option; nil when it was not given. The environment separates them by commas.
    mutating func list<Value>(_ option: ServeOption, _ kind: Kind<Value>) throws(OptionError) -> [Value]? {
        var values: [Value] = []
        if let given = flags[option], !given.isEmpty {
            for text in given { values.append(try take(text, for: option, from: .flag, kind)) }
            return values
        }
        if let variable = environment[option.environmentVariable], !variable.isEmpty {
            for text in variable.split(separator: ",", omittingEmptySubsequences: false) {
                values.append(try take(Self.trimmed(text), for: option, from: .environment, kind))
            }
            return values
        }
        if let setting = file?.settings[option] {
            for text in setting.texts { values.append(try take(text, for: option, from: .file, kind)) }
            return values
        }
        sources[option] = .default
        return nil
    }

    /// An error about an option that was read already, such as one that does not go with another.
    func error(_ option: ServeOption, value: String, problem: String, allowed: String) -> OptionError {
        OptionError(
            option: option.flag, origin: origin(of: option), value: texts[option] ?? value, problem: problem,
            allowed: allowed)
    }

    /// Where the value of an option that was read stands, for a person.
    private func origin(of option: ServeOption) -> String {
        switch sources[option] ?? .default {
        case .flag: OptionError.commandLine
        case .environment: "the environment variable \(option.environmentVariable)"
        case .file: file.map { Self.place($0.path, $0.settings[option]?.line ?? 1) } ?? "the configuration file"
        case .default: "the default"
        }
    }

    private static func place(_ path: String, _ line: Int) -> String { "line \(line) of \(path)" }

    private mutating func take<Value>(
        _ text: String, for option: ServeOption, from source: OptionSource, _ kind: Kind<Value>
    ) throws(OptionError) -> Value {
        sources[option] = source
        texts[option] = text
        return try kind.read(option.flag, text, from: origin(of: option))
    }

    /// `a, b` is what people write in a manifest.
    static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
