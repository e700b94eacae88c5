internal import Basics

/// A query parameter that a route takes, as a value: errors, the list at `GET /` and every description of the API are
/// made from it.
struct Parameter: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case choice([String])
        case integer(ClosedRange<UInt64>)
        case duration(ClosedRange<Duration>)
        /// An IP address or `unix`, with or without port.
        case peer
    }

    var name: String
    var kind: Kind
    /// It may stand alone, without `=`.
    var isFlag = false
    /// A request without it is refused, by its handler.
    var isRequired = false
    /// A sentence for the OpenAPI document, where the name does not say enough.
    var meaning = ""

    /// The allowed values, for a person.
    var allowed: String {
        switch kind {
        case .choice(let names):
            names.joined(separator: ", ")
        case .integer(let range) where range.upperBound == .max:
            "a whole number from \(range.lowerBound)"
        case .integer(let range):
            "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .duration(let range):
            "a duration from \(DurationFormat.print(range.lowerBound)) to \(DurationFormat.print(range.upperBound))"
        case .peer:
            "an address with or without port (10.0.0.9, 10.0.0.9:51234, [::1]:51234) or unix"
        }
    }

    /// How it is written in a request, for the list of endpoints: `limit=1..1000`.
    var usage: String {
        let value =
            switch kind {
            case .choice(let names): names.joined(separator: "|")
            case .integer(let range) where range.upperBound == .max: "N"
            case .integer(let range): "\(range.lowerBound)..\(range.upperBound)"
            case .duration: "DUR"
            case .peer: "ADDR"
            }
        return isFlag ? "\(name)[=\(value)]" : "\(name)=\(value)"
    }
}

/// `format=text`: text instead of JSON or a page.
enum TextFormat: String, CaseIterable {
    case text
}

extension Parameter {
    static let format = Parameter(name: "format", kind: .choice(TextFormat.allCases.map(\.rawValue)))
}
