internal import Basics
internal import EchoCore

/// A kind of value, in words and in code.
package struct ValueKind<Value: Sendable>: Sendable {
    /// The name of the value in help: `dur`.
    var name: String
    /// The allowed values, in words that end an error message.
    package var allowed: String
    /// What JSON value the configuration file takes.
    var inFile: String
    var takesUnquoted = OptionText.Unquoted.none
    var completion = OptionText.Completion.none
    var isToggle = false
    /// The value as `GET /config` shows it.
    var show: @Sendable (Value) -> OptionValue
    var parse: @Sendable (String) throws(Unacceptable) -> Value

    /// The value that `text` means. `option` with its dashes; `origin` for a person.
    package func read(_ option: String, _ text: String, from origin: String) throws(OptionError) -> Value {
        do throws(Unacceptable) {
            return try parse(text)
        } catch {
            throw OptionError(option: option, origin: origin, value: text, problem: error.problem, allowed: allowed)
        }
    }

    /// nil is shown as `empty`. If there is a `word`, the option takes it and reads it as nil.
    private func orNil(_ empty: OptionValue, word: String?) -> ValueKind<Value?> {
        ValueKind<Value?>(
            name: name, allowed: word.map { "\(allowed), or \($0)" } ?? allowed,
            inFile: word.map { "\(inFile), or \"\($0)\"" } ?? inFile, takesUnquoted: takesUnquoted,
            completion: completion, show: { $0.map(show) ?? empty },
            parse: { (text) throws(Unacceptable) in text == word ? nil : try parse(text) })
    }

    /// For an option without a default.
    package var optional: ValueKind<Value?> { orNil(.none, word: nil) }

    /// The value, or a word that means nil.
    package func or(_ word: String) -> ValueKind<Value?> { orNil(.text(word), word: word) }
}

extension ValueKind where Value: CaseIterable & RawRepresentable<String> {
    /// One of the raw values of an enum.
    package static func choice(_ name: String) -> Self {
        let words = Value.allCases.map(\.rawValue)
        return Self(
            name: name, allowed: words.joined(separator: ", "),
            inFile: "a string: \(words.map { "\"\($0)\"" }.joined(separator: ", "))", completion: .words(words),
            show: { .text($0.rawValue) },
            parse: { (text) throws(Unacceptable) in
                guard let choice = Value(rawValue: text) else {
                    throw Unacceptable(problem: text.isEmpty ? "the value is empty" : "unknown value")
                }
                return choice
            })
    }
}

extension ValueKind<Int> {
    /// A whole number in the range, which `remark` explains.
    package static func number(_ range: ClosedRange<Int>, _ remark: String = "") -> Self {
        Self(
            name: "n", allowed: "\(range.lowerBound) to \(range.upperBound)\(remark)", inFile: "a number",
            takesUnquoted: .number, show: { .number($0) },
            parse: { (text) throws(Unacceptable) in
                guard !text.isEmpty, text.utf8.allSatisfy(\.isASCIIDigit) else {
                    throw Unacceptable(problem: "this is not a whole number")
                }
                // A number that does not fit into an Int is out of any range, too.
                guard let number = Int(text), range.contains(number) else {
                    throw Unacceptable(problem: "the number is out of range")
                }
                return number
            })
    }
}

extension ValueKind<Duration> {
    /// A duration with its unit. 24 h bounds every one of them, so that sums of nanoseconds cannot overflow.
    package static func duration(from least: Duration = .zero) -> Self {
        let most = ServiceLimits.longestDuration
        return Self(
            name: "dur", allowed: "\(DurationFormat.print(least)) to 24h, such as 500ms, 20s, 2m or 1h",
            inFile: "a duration as a string, such as \"20s\"", takesUnquoted: .number,
            show: { .text(DurationFormat.print($0)) },
            parse: { (text) throws(Unacceptable) in
                let duration: Duration
                do throws(DurationFormat.Failure) {
                    duration = try DurationFormat.parse(text)
                } catch {
                    throw Unacceptable(problem: error.description)
                }
                if duration < least { throw Unacceptable(problem: "the duration is too short") }
                if duration > most { throw Unacceptable(problem: "the duration is too long") }
                return duration
            })
    }
}

extension ValueKind<Duration?> {
    /// How long something may last, or `off` (nil).
    static var limit: Self {
        var kind = ValueKind<Duration>.duration(from: .milliseconds(1)).or("off")
        let parse = kind.parse
        kind.parse = { (text) throws(Unacceptable) in
            if text == "0" || (try? DurationFormat.parse(text)) == .zero {
                throw Unacceptable(problem: "zero would close every connection; write off for no limit")
            }
            return try parse(text)
        }
        return kind
    }
}

extension ValueKind<String?> {
    package static var optionalFile: Self { ValueKind<String>.file.optional }
}

extension ValueKind<ListenAddress> {
    package static func address(_ offers: [String]) -> Self {
        Self(
            name: "addr", allowed: ListenAddress.forms, inFile: "an address as a string", takesUnquoted: .number,
            completion: .words(offers), show: { .text($0.description) },
            parse: { (text) throws(Unacceptable) in
                do throws(ListenAddressError) {
                    return try ListenAddress(parsing: text)
                } catch {
                    throw Unacceptable(problem: error.description)
                }
            })
    }
}

extension ValueKind<String> {
    private static func text(
        _ name: String, allowed: String, inFile: String, completion: OptionText.Completion = .none,
        parse: @escaping @Sendable (String) throws(Unacceptable) -> String
    ) -> Self {
        Self(
            name: name, allowed: allowed, inFile: inFile, completion: completion, show: { .text($0) }, parse: parse)
    }

    /// The name of a host without a port, as the `Host` of a request holds it; lower-cased.
    static var hostName: Self {
        text(
            "name", allowed: "a host name without a port, such as echo.example.org, or *.example.org",
            inFile: "a string",
            parse: { (text) throws(Unacceptable) in
                guard !text.isEmpty else { throw Unacceptable(problem: "the name is empty") }
                guard text.utf8.count <= 253 else { throw Unacceptable(problem: "the name is longer than 253 bytes") }
                guard !text.contains(":") else {
                    throw Unacceptable(problem: "a port or a URL is not part of the name")
                }
                guard HostPattern(text).isValid else {
                    throw Unacceptable(problem: "a wildcard is *. and a name of at least two labels")
                }
                guard text.utf8.allSatisfy({ isHostNameByte($0) || $0 == UInt8(ascii: "*") }) else {
                    throw Unacceptable(
                        problem: "a name may only have letters, digits, dots, hyphens and underscores")
                }
                return text.lowercased()
            })
    }

    /// A file by its path. Whether it can be opened is not checked here.
    package static var file: Self {
        text(
            "file", allowed: "the path of a file", inFile: "a path as a string", completion: .files,
            parse: { (text) throws(Unacceptable) in
                guard !text.isEmpty else { throw Unacceptable(problem: "the path is empty") }
                guard text.utf8.last != UInt8(ascii: "/") else { throw Unacceptable(problem: "this is a directory") }
                return text
            })
    }

    /// The peers to show, as written: the admin plane reads them with the same `PeerPattern`.
    package static var peer: Self {
        text(
            "addr", allowed: "an address with or without port (10.0.0.9, 10.0.0.9:51234, [::1]:51234) or unix",
            inFile: "",
            parse: { (text) throws(Unacceptable) in
                guard PeerPattern(text) != nil else { throw Unacceptable(problem: "this is not an address") }
                return text
            })
    }

    private static func isHostNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}

extension ValueKind<Bool> {
    /// On the command line its presence means true; the environment and the configuration file spell the value out.
    package static var toggle: Self {
        Self(
            name: "bool", allowed: "true or false (also 1, 0, yes, no, on, off)", inFile: "true or false",
            takesUnquoted: .boolean, isToggle: true, show: { .toggle($0) },
            parse: { (text) throws(Unacceptable) in
                switch text.lowercased() {
                case "true", "1", "yes", "on": return true
                case "false", "0", "no", "off": return false
                default: throw Unacceptable(problem: "this is neither true nor false")
                }
            })
    }
}
