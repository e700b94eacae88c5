internal import MicroHTTPD

/// One endpoint, as a value of the router's table.
struct Route: Sendable {
    typealias Handler = @Sendable (RoutedRequest) throws(Problem) -> HTTPReply

    var method: HTTPMethod
    var template: PathTemplate
    /// A GET that changes something, for callers who can send nothing else.
    var isMutatingGet = false
    var parameters: [Parameter] = []
    /// One line for the list at `GET /`.
    var summary: String
    /// For the OpenAPI document. A route of a new kind adds its own to `OpenAPIOperations.swift`.
    var operation: Operation
    var handler: Handler

    /// Of the answers that its handler gives; what every route may answer beside them is left out.
    var statuses: [Int] { operation.answers.map(\.status) }

    /// Whether it changes something, and so is guarded as a mutation.
    var isMutation: Bool { isMutatingGet || method != .get && method != .head }

    /// HEAD works where GET does, and changes nothing: the HTTP server leaves the body out.
    var methods: [HTTPMethod] { method == .get && !isMutatingGet ? [.get, .head] : [method] }
}

/// A request that found its route and passed the guards.
struct RoutedRequest: Sendable {
    var request: HTTPRequest
    var arguments: Arguments
    /// What stands in place of the template's `{…}`; nil where it has none.
    var segment: String?
    /// What all requests so far were answered.
    var answered: MetricsRequestCounts
    /// Every route there is.
    var table: [Route]
}

/// A path in which one segment may be open: `/connections/{id}`.
struct PathTemplate: Hashable, Sendable, ExpressibleByStringLiteral {
    enum Match: Hashable, Sendable {
        case exact
        case segment(String)

        /// What stands in place of the template's `{…}`.
        var segment: String? {
            switch self {
            case .exact: nil
            case .segment(let segment): segment
            }
        }
    }

    let text: String
    private let segments: [Substring]

    /// The name between the braces of the open segment; nil where there is none.
    var placeholder: String? {
        segments.first { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }

    init(stringLiteral text: String) {
        self.text = text
        segments = Self.segments(of: text)
    }

    /// nil where the path is another one. A slash at the end makes it another one. `others`: `segments(of: path)`.
    func match(_ others: [Substring]) -> Match? {
        guard segments.count == others.count else { return nil }
        var match = Match.exact
        for (segment, other) in zip(segments, others) {
            if segment.hasPrefix("{") {
                guard !other.isEmpty else { return nil }
                match = .segment(String(other))
            } else if segment != other {
                return nil
            }
        }
        return match
    }

    /// What stands between the slashes of a path.
    static func segments(of path: String) -> [Substring] {
        path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { Substring($0) }
    }
}
