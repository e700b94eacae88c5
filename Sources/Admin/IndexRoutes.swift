internal import EchoCore
internal import MicroHTTPD

/// `GET /`: the endpoints that exist, as plain text.
struct IndexRoutes: Sendable {
    let routes: [Route]

    init(listing endpoints: [Route], version: String) {
        let lines = ["echod \(PrintableText.escape(version)), admin API", ""] + endpoints.flatMap(Self.lines)
        let text = lines.joined(separator: "\n")
        routes = [
            Route(method: .get, template: "/", summary: "this list") { _ in .response(.text(status: 200, text)) }
        ]
    }

    private static func lines(for endpoint: Route) -> [String] {
        let name = padded(endpoint.method.rawValue, 7) + padded(endpoint.template.text, 19)
        let usage = endpoint.parameters.map { "         ?\($0.usage)" }
        return ["\(name)\(endpoint.summary)"] + usage
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.utf8.count))
    }
}
