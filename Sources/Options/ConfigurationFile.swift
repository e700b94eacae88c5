/// A configuration file (`--config`): options by their names, each with the texts that flags would have.
struct ConfigurationFile: Hashable, Sendable {
    struct Setting: Hashable, Sendable {
        /// More than one only for a repeatable option.
        var texts: [String]
        var line: Int
    }

    /// What is wrong, and what is allowed instead. If `option` is nil, it is about the file as a whole.
    struct Failure: Error, Hashable {
        var option: OptionText?
        var line: Int?
        var value = ""
        var problem: String
        var allowed: String
    }

    static let longest = 1 << 20
    private static let config = "config"

    /// The keys are the names of the options.
    let settings: [String: Setting]

    init(path: String, options: [OptionText]) throws(Failure) {
        let content: [UInt8]
        do throws(UnusableFile) {
            content = try SmallFile(path: path, limit: Self.longest).content
        } catch {
            throw Failure(
                problem: error.problem, allowed: "a readable, regular file of at most \(Self.longest) bytes")
        }
        try self.init(content: content, options: options)
    }

    /// Checks only the JSON type of each value; the option checks its text.
    init(content: [UInt8], options: [OptionText]) throws(Failure) {
        var settings: [String: Setting] = [:]
        for entry in try Self.entries(content) {
            let option = try Self.option(entry, options)
            settings[option.name] = Setting(texts: try Self.texts(entry, option), line: entry.line)
        }
        self.settings = settings
    }

    private static func entries(_ content: [UInt8]) throws(Failure) -> [CommentedJSON.Entry] {
        do throws(CommentedJSON.Failure) {
            return try CommentedJSON.entries(content)
        } catch {
            throw Failure(
                line: error.line, problem: error.problem,
                allowed: "one JSON object, with // or /* */ comments, such as {\"drain-timeout\": \"20s\"}")
        }
    }

    private static func option(
        _ entry: CommentedJSON.Entry, _ options: [OptionText]
    ) throws(Failure) -> OptionText {
        guard let option = options.first(where: { $0.name == entry.key }) else {
            let names = options.map(\.name).filter { $0 != config }
            let word = String(entry.key.drop { $0 == "-" })
            let near = Spelling.nearest(to: word, among: names).map { ", did you mean \"\($0)\"?" } ?? ""
            throw Failure(
                line: entry.line, problem: "unknown option \"\(entry.key)\"\(near)",
                allowed: names.joined(separator: ", "))
        }
        guard option.name != config else {
            throw Failure(
                line: entry.line, problem: "a configuration file cannot name another configuration file",
                allowed: "every other option; remove the key \"config\"")
        }
        return option
    }

    private static func texts(_ entry: CommentedJSON.Entry, _ option: OptionText) throws(Failure) -> [String] {
        let failure = { (problem: String) in
            Failure(
                option: option, line: entry.line, value: shown(entry.value), problem: problem,
                allowed: option.inFile)
        }
        switch entry.value {
        case .list(let items):
            guard option.isRepeatable else { throw failure("this option takes one value, not a list") }
            guard !items.isEmpty else { throw failure("the list is empty; leave the key out for the default") }
            var texts: [String] = []
            for item in items {
                guard let text = text(item, option) else { throw failure("a value of the list has the wrong type") }
                texts.append(text)
            }
            return texts
        case .null: throw failure("null is not allowed; leave the key out to use the default")
        case .string, .number, .boolean:
            guard let text = text(entry.value, option) else { throw failure("the value has the wrong type") }
            return [text]
        }
    }

    /// Switches are true or false, or spelled as in the environment. A number needs no quotation marks if the option
    /// may take one, perhaps with its unit forgotten: then the option's own error says what to write.
    private static func text(_ value: CommentedJSON.Value, _ option: OptionText) -> String? {
        switch (value, option.takesUnquoted) {
        case (.string(let text), _): text
        case (.boolean(let isOn), .boolean): "\(isOn)"
        case (.number(let text), .number): text
        default: nil
        }
    }

    private static func shown(_ value: CommentedJSON.Value) -> String {
        switch value {
        case .string(let text), .number(let text): text
        case .boolean(let isOn): "\(isOn)"
        case .null: "null"
        case .list(let items): "[\(items.map(shown).joined(separator: ", "))]"
        }
    }
}
