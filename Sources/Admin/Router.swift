package import EchoCore
package import MicroHTTPD

/// The admin API: a request in, an answer out, over a table of routes.
///
/// It opens no socket, starts no thread and never waits. What the service must be asked for is a deferred reply.
package struct Router: Sendable {
    private let guards: Guards
    private let routes: [Route]

    package init(service: any ServiceControl, configuration: AdminConfiguration) {
        guards = Guards(configuration: configuration)
        let endpoints =
            ProbeRoutes(service: service).routes
            + StatusRoutes(service: service).routes
            + ConnectionRoutes(service: service).routes
            + DrainRoutes(service: service, defaults: configuration.drainDefaults).routes
        let dashboard = DashboardRoutes(service: service, configuration: configuration)
        let index = IndexRoutes(listing: endpoints, dashboard: dashboard, version: configuration.version)
        routes = index.routes + dashboard.routes + endpoints
    }

    /// Answers a request. A request that is refused has changed nothing.
    package func reply(to request: HTTPRequest) -> HTTPReply {
        do throws(Problem) {
            return try route(request)
        } catch {
            return .response(error.response)
        }
    }

    /// A refusal in the admin's form, for the HTTP server that turns requests away before they come here. `detail`
    /// says what to do; it is escaped, so it may quote the request.
    package func rejection(status: Int, detail: String) -> HTTPResponse {
        let detail = PrintableText.escape(detail)
        guard status == 405 else { return Problem(status: status, detail: detail).response }
        // The path is not known here; these are the methods that some endpoint has.
        let methods = HTTPMethod.allCases.filter { method in routes.contains { $0.methods.contains(method) } }
        return Problem.methodNotAllowed(detail, allow: methods).response
    }

    private func route(_ request: HTTPRequest) throws(Problem) -> HTTPReply {
        try guards.checkHost(request)
        let (route, match) = try find(request)
        if route.isMutation { try guards.checkMutation(request) }
        let arguments = try Arguments(request.query, allowed: route.parameters)
        switch match {
        case .exact:
            return try route.handler(RoutedRequest(request: request, arguments: arguments, segment: nil))
        case .segment(let segment):
            return try route.handler(RoutedRequest(request: request, arguments: arguments, segment: segment))
        }
    }

    private func find(_ request: HTTPRequest) throws(Problem) -> (Route, PathTemplate.Match) {
        let candidates = routes.compactMap { route in route.template.match(request.path).map { (route, $0) } }
        guard !candidates.isEmpty else {
            throw .notFound("There is no \(PrintableText.quote(request.path)) here. GET / lists the endpoints.")
        }
        guard let found = candidates.first(where: { $0.0.methods.contains(request.method) }) else {
            let allowed = candidates.flatMap { $0.0.methods }
            throw .methodNotAllowed(
                "\(request.method.rawValue) is not for \(PrintableText.quote(request.path)). "
                    + "Use \(allowed.map(\.rawValue).joined(separator: " or ")).",
                allow: allowed)
        }
        return found
    }
}
