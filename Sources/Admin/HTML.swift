/// A piece of a page. Text and the values of attributes are escaped always; names are constants of ours. So no text can
/// become markup, whoever wrote it.
struct HTML: Hashable, Sendable {
    let source: String

    static let nothing = HTML(source: "")

    private init(source: String) {
        self.source = source
    }

    static func text(_ text: String) -> HTML {
        HTML(source: escape(text))
    }

    /// An element. An attribute whose value is nil is left out.
    static func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:],
        @HTMLBuilder _ content: () -> HTML = { .nothing }
    ) -> HTML {
        var source = "<\(name)"
        for case (let key, let value?) in attributes { source += " \(key)=\"\(escape(value))\"" }
        return HTML(source: "\(source)>\(content().source)</\(name)>")
    }

    static func joined(_ parts: [HTML]) -> HTML {
        HTML(source: parts.map(\.source).joined())
    }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

/// Lets the content of an element be written as a list of elements and texts, with `if` and `for`.
@resultBuilder
enum HTMLBuilder {
    static func buildExpression(_ html: HTML) -> HTML { html }
    static func buildExpression(_ text: String) -> HTML { .text(text) }
    static func buildBlock(_ parts: HTML...) -> HTML { .joined(parts) }
    static func buildOptional(_ part: HTML?) -> HTML { part ?? .nothing }
    static func buildEither(first part: HTML) -> HTML { part }
    static func buildEither(second part: HTML) -> HTML { part }
    static func buildArray(_ parts: [HTML]) -> HTML { .joined(parts) }
}
