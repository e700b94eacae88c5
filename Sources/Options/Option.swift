/// One option: everything that help, completion, the environment, the file, `/config` and the manual say about it, how
/// its value is read, and what applies when it is not given.
package struct Option<Value: Sendable>: AnyOption {
    package let text: OptionText
    package let standard: Value
    let read: @Sendable (Given) throws(OptionError) -> Value
    let show: @Sendable (Value) -> OptionValue

    /// If the command line has several values, the last one counts. `standardText`: the default in words, if the value
    /// alone does not tell it; empty if there is nothing to tell. `isOptional`: `--wait` and `--wait=DUR`.
    package init(
        _ name: String, _ kind: ValueKind<Value>, standard: Value, _ standardText: String? = nil,
        valueName: String? = nil, isOptional: Bool = false, help: String, manual: String = "", example: String = ""
    ) {
        text = OptionText(
            name: name, arity: kind.isToggle ? .flag : isOptional ? .optionalValue : .value,
            valueName: valueName ?? kind.name, help: help,
            standard: standardText ?? kind.show(standard).text, manual: manual, example: example, inFile: kind.inFile,
            takesUnquoted: kind.takesUnquoted, completion: kind.completion)
        self.standard = standard
        show = kind.show
        read = { [text] (given) throws(OptionError) in
            try kind.read(text.flag, given.texts.last ?? "", from: given.origin)
        }
    }

    /// May be given more than once. `combine` checks the values together.
    package init<Item>(
        _ name: String, listOf kind: ValueKind<Item>, standard: Value, _ standardText: String? = nil, help: String,
        manual: String = "", example: String = "", show: @escaping @Sendable (Value) -> [String],
        combine: @escaping @Sendable ([Item]) throws(Unacceptable) -> Value
    ) {
        text = OptionText(
            name: name, arity: .list, valueName: kind.name, help: help,
            standard: standardText ?? show(standard).joined(separator: ", "), manual: manual, example: example,
            inFile: "\(kind.inFile), or a list of them", takesUnquoted: kind.takesUnquoted,
            completion: kind.completion)
        self.standard = standard
        self.show = { .list(show($0)) }
        read = { [text] (given) throws(OptionError) in
            var items: [Item] = []
            for word in given.texts { items.append(try kind.read(text.flag, word, from: given.origin)) }
            do throws(Unacceptable) {
                return try combine(items)
            } catch {
                let values = given.texts.joined(separator: ",")
                throw given.error(text, value: values, problem: error.problem, allowed: kind.allowed)
            }
        }
    }

    package func setting(from sources: OptionSources) throws(OptionError) -> OptionSetting {
        let given = sources.given(text)
        let value = try given.map(read) ?? standard
        return OptionSetting(value: value, shown: show(value), given: given)
    }
}

/// An option whatever the type of its value.
package protocol AnyOption: Sendable {
    var text: OptionText { get }

    /// What the option is set to by the first source that gives it, else by its default.
    func setting(from sources: OptionSources) throws(OptionError) -> OptionSetting
}

/// The value in force of one option.
package struct OptionSetting: Sendable {
    var value: any Sendable
    package var shown: OptionValue
    /// nil: the default applies.
    var given: Given?

    package var source: OptionSource { given?.source ?? .default }
}

/// What can be said about an option without the type of its value.
package struct OptionText: Hashable, Sendable, Encodable {
    package enum Arity: String, Hashable, Sendable, Encodable {
        case flag, value, optionalValue, list
    }

    package var name: String
    package var arity: Arity
    /// The name of the value in help: `dur`.
    package var valueName: String
    /// One line of help, without the default.
    package var help: String
    /// The default for a person; empty: nothing to say.
    package var standard: String
    /// What the manual adds to the help: sentences, literal text in backquotes.
    package var manual: String
    /// A value in a configuration file, as JSON.
    package var example: String
    /// What JSON value the configuration file takes.
    package var inFile: String
    /// The type of a value without quotation marks that the file may hold.
    var takesUnquoted: Unquoted
    package var completion: Completion

    enum Unquoted: Hashable, Sendable {
        case none, boolean, number
    }

    /// What a shell offers for the value.
    package enum Completion: Hashable, Sendable {
        case none, files
        case words([String])
    }

    /// The members from which the manual is made.
    private enum CodingKeys: CodingKey {
        case name, arity, valueName, help, standard, manual, example, inFile
    }

    package var isRepeatable: Bool { arity == .list }
    /// `--drain-timeout`
    package var flag: String { "--\(name)" }
    /// `--drain-timeout <dur>`
    package var usage: String {
        switch arity {
        case .flag: flag
        case .value, .list: "\(flag) <\(valueName)>"
        case .optionalValue: "\(flag)[=<\(valueName)>]"
        }
    }
    /// `ECHOD_DRAIN_TIMEOUT`
    package var environmentVariable: String { "ECHOD_\(name.uppercased().replacing("-", with: "_"))" }
}

/// The value of an option as `GET /config` and the configuration file write it.
package enum OptionValue: Hashable, Sendable {
    case text(String)
    case number(Int)
    case toggle(Bool)
    case list([String])
    /// Not given, and there is no default.
    case none

    var text: String {
        switch self {
        case .text(let text): text
        case .number(let number): "\(number)"
        case .toggle: ""
        case .list(let texts): texts.joined(separator: ", ")
        case .none: "none"
        }
    }
}
