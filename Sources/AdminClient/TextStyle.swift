/// How a text may look where it is shown.
package enum TextStyle: Hashable, Sendable {
    case plain, coloured

    package enum Colour: String, Hashable, Sendable {
        case good = "32"
        case busy = "33"
        case bad = "31"
    }

    /// Colour only where a person looks at a terminal that has it, and never against NO_COLOR (https://no-color.org).
    package init(isTerminal: Bool, environment: [String: String]) {
        let refuses = !(environment["NO_COLOR"] ?? "").isEmpty
        self = isTerminal && !refuses && Self.hasEscapes(environment) ? .coloured : .plain
    }

    /// Whether the terminal understands escape sequences at all: moving the cursor needs that, too.
    package static func hasEscapes(_ environment: [String: String]) -> Bool {
        let name = environment["TERM"] ?? ""
        return !name.isEmpty && name != "dumb"
    }

    package func paint(_ text: String, _ colour: Colour) -> String {
        switch self {
        case .plain: text
        case .coloured: "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m"
        }
    }
}
