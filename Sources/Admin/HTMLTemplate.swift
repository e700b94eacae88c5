/// A document of ours with places to be filled in: `{{name}}`.
struct HTMLTemplate: Sendable {
    private enum Part: Sendable {
        case fixed(String)
        case place(String)
    }

    private let parts: [Part]

    init(_ document: String) {
        var parts: [Part] = []
        var rest = document[...]
        while let begin = rest.firstRange(of: "{{"), let end = rest[begin.upperBound...].firstRange(of: "}}") {
            parts.append(.fixed(String(rest[..<begin.lowerBound])))
            parts.append(.place(String(rest[begin.upperBound..<end.lowerBound])))
            rest = rest[end.upperBound...]
        }
        self.parts = parts + [.fixed(String(rest))]
    }

    /// The names of its places.
    var places: Set<String> {
        Set(
            parts.compactMap { part in
                if case .place(let name) = part { name } else { nil }
            })
    }

    /// The document; a place without content stays empty.
    func filled(with contents: [String: HTML]) -> String {
        var document = ""
        for part in parts {
            switch part {
            case .fixed(let text): document += text
            case .place(let name): document += contents[name]?.source ?? ""
            }
        }
        return document
    }
}
