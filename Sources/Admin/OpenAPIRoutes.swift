internal import MicroHTTPD

/// `GET /openapi.json`: the router's table for programs. Writing it takes milliseconds, in which nobody else would be
/// served: it is done once, for the first who asks.
struct OpenAPIRoutes: Sendable {
    let version: String
    private let written = Locked<HTTPResponse?>(nil)

    init(version: String) {
        self.version = version
    }

    var routes: [Route] {
        [
            Route(
                method: .get, template: "/openapi.json", summary: "this API, as OpenAPI 3.1", operation: .openAPI
            ) { request in
                .response(response(describing: request.table))
            }
        ]
    }

    private func response(describing table: [Route]) -> HTTPResponse {
        if let response = written.withLock({ $0 }) { return response }
        let response = HTTPResponse.json(status: 200, OpenAPIDocument.describing(table, version: version))
        written.withLock { $0 = response }
        return response
    }
}
