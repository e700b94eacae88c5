internal import Basics

/// The parameters that a request names, each one known to the route and named once. Reading one gives its value, nil
/// where the request does not name it, or a 400 that says what is allowed.
struct Arguments: Sendable {
    private let values: [String: String?]

    /// Refuses unknown and repeated parameters: a typo must not start a drain.
    init(_ query: String?, allowed parameters: [Parameter]) throws(Problem) {
        var values: [String: String?] = [:]
        for item in try QueryString(query).items {
            guard let parameter = parameters.first(where: { $0.name == item.name }) else {
                throw Self.unknown(item.name, parameters)
            }
            guard values[item.name] == nil else {
                throw .badRequest("The parameter \"\(item.name)\" is given more than once. Give it once.")
            }
            guard item.value != nil || parameter.isFlag else {
                throw .badRequest(
                    "The parameter \"\(item.name)\" has no value. Allowed: \(parameter.allowed).")
            }
            values.updateValue(item.value, forKey: item.name)
        }
        self.values = values
    }

    /// Whether the request names it, with or without a value.
    func contains(_ parameter: Parameter) -> Bool { values[parameter.name] != nil }

    /// Whether a parameter that only switches something on is there, bare or with one of its values.
    func flag(_ parameter: Parameter) throws(Problem) -> Bool {
        guard let text = value(parameter) else { return contains(parameter) }
        guard case .choice(let names) = parameter.kind, names.contains(text) else {
            throw Self.invalid(parameter, text)
        }
        return true
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ parameter: Parameter, of type: Choice.Type
    ) throws(Problem) -> Choice? {
        guard let text = value(parameter) else { return nil }
        guard let choice = Choice(rawValue: text) else { throw Self.invalid(parameter, text) }
        return choice
    }

    func integer(_ parameter: Parameter) throws(Problem) -> UInt64? {
        guard let text = value(parameter) else { return nil }
        guard case .integer(let range) = parameter.kind, let number = UInt64(digits: text), range.contains(number)
        else { throw Self.invalid(parameter, text) }
        return number
    }

    func duration(_ parameter: Parameter) throws(Problem) -> Duration? {
        guard let text = value(parameter) else { return nil }
        let duration: Duration
        do {
            duration = try DurationFormat.parse(text)
        } catch {
            throw Self.invalid(parameter, text, because: error.description)
        }
        guard case .duration(let range) = parameter.kind, range.contains(duration) else {
            throw Self.invalid(parameter, text)
        }
        return duration
    }

    func peer(_ parameter: Parameter) throws(Problem) -> PeerPattern? {
        guard let text = value(parameter) else { return nil }
        guard let peer = PeerPattern(text) else { throw Self.invalid(parameter, text) }
        return peer
    }

    private func value(_ parameter: Parameter) -> String? { values[parameter.name] ?? nil }

    private static func invalid(_ parameter: Parameter, _ text: String, because reason: String? = nil) -> Problem {
        let fault = "The parameter \"\(parameter.name)\" cannot be \(PrintableText.quote(text))"
        return .badRequest("\(fault)\(reason.map { ": \($0)" } ?? ""). Allowed: \(parameter.allowed).")
    }

    private static func unknown(_ name: String, _ parameters: [Parameter]) -> Problem {
        let fault = "Unknown parameter \(PrintableText.quote(name))."
        guard !parameters.isEmpty else { return .badRequest("\(fault) This endpoint takes no parameters.") }
        return .badRequest("\(fault) Allowed: \(parameters.map(\.name).joined(separator: ", ")).")
    }
}
