internal import EchoCore
internal import MicroHTTPD

/// `GET /`: the dashboard for a browser; for others the endpoints that exist, as plain text.
struct IndexRoutes: Sendable {
    let routes: [Route]

    init(listing endpoints: [Route], dashboard: DashboardRoutes, version: String) {
        let lines = ["echod \(PrintableText.escape(version)), admin API", ""] + endpoints.flatMap(Self.lines)
        let list = HTTPResponse.text(
            status: 200, lines.joined(separator: "\n"), headers: [HTTPResponse.Header("Vary", "Accept")])
        routes = [
            Route(method: .get, template: "/", summary: "this list; the dashboard for a browser", operation: .index) {
                routed in
                let request = routed.request
                guard DashboardRoutes.wantsPage(accept: request.values(of: "accept")) else { return .response(list) }
                return dashboard.page(host: request.values(of: "host").first ?? "localhost")
            }
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
