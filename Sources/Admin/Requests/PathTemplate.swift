/// A path in which one segment may be open: `/connections/{id}`.
struct PathTemplate: Hashable, Sendable, ExpressibleByStringLiteral {
    enum Match: Hashable, Sendable {
        case exact
        case segment(String)

        /// The value for the template's `{…}`.
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

    /// nil if the path is a different one; a slash at the end makes it different. `others`: `segments(of: path)`.
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

    /// The parts between the slashes of a path.
    static func segments(of path: String) -> [Substring] {
        path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { Substring($0) }
    }
}
