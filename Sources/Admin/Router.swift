internal import Basics
package import EchoCore
internal import Logging
package import MicroHTTPD
internal import Wire

extension Route {
    /// Every endpoint. `Allow`, the list at `/?format=text`, the OpenAPI document and the labels of the metrics are
    /// made from this table. A new endpoint is one `Endpoint`, in the file of the type that it belongs to, and one line
    /// here.
    // swift-format-ignore
    static let table: [Route] = [
        Route(.get,    "/",                 DashboardRoutes.index),
        Route(.get,    "/ui/history",       DashboardRoutes.history),
        Route(.get,    "/ui/{file}",        DashboardRoutes.file),
        Route(.get,    "/livez",            ProbeRoutes.livez),
        Route(.get,    "/healthz",          ProbeRoutes.healthz),
        Route(.get,    "/readyz",           ProbeRoutes.readyz),
        Route(.get,    "/health",           ProbeRoutes.health),
        Route(.get,    "/startupz",         ProbeRoutes.startupz),
        Route(.get,    "/status",           StatusRoutes.status),
        Route(.get,    "/events",           StatusRoutes.events),
        Route(.get,    "/metrics",          MetricsRoutes.metrics),
        Route(.get,    "/connections",      ConnectionRoutes.list),
        Route(.get,    "/connections/{id}", ConnectionRoutes.one),
        Route(.delete, "/connections/{id}", ConnectionRoutes.close),
        Route(.post,   "/drain",            DrainRoutes.drain),
        Route(.delete, "/drain",            DrainRoutes.undrain),
        Route(.post,   "/shutdown",         DrainRoutes.shutdown),
        Route(.get,    "/prestop",          DrainRoutes.prestop),
        Route(.get,    "/config",           SettingsRoutes.config),
        Route(.get,    "/log-level",        SettingsRoutes.logLevel),
        Route(.put,    "/log-level",        SettingsRoutes.setLogLevel),
        Route(.get,    "/openapi.json",     OpenAPIDocument.endpoint),
    ]
}

/// The admin API: a request in, an answer out, over the table of routes.
///
/// It opens no socket, starts no thread and never waits. A question to the service is a deferred reply, and the
/// service's events are a stream. Copies share the event streams' places.
package struct Router: Sendable {
    private let guards: Guards
    private let context: AdminContext

    /// `process`: the figures of this process as of now; nil where the kernel does not give them. It is called on the
    /// HTTP server's thread and must not block.
    package init(
        service: any ServiceControl, configuration: AdminConfiguration,
        process: @escaping @Sendable () -> ProcessMeasurements?
    ) {
        guards = Guards(configuration: configuration)
        context = AdminContext(service: service, configuration: configuration, process: process)
    }

    /// Answers a request. A request that is refused has changed nothing.
    package func reply(to request: HTTPRequest) -> HTTPReply {
        do throws(Problem) {
            try guards.checkHost(request)
            if request.method == .options {
                return context.answered.counting(.response(try options(request)), of: nil)
            }
            let (route, match) = try find(request)
            return context.answered.counting(reply(of: route, match, to: request), of: route.template.text)
        } catch {
            return context.answered.counting(.response(error.response), of: nil)
        }
    }

    /// A refusal in the admin's form, for requests that the HTTP server turns away before they come here. `detail` says
    /// what to do; it is escaped, so it may quote the request. `path`: nil where it is not known.
    package func rejection(status: Int, detail: String, path: String?) -> HTTPResponse {
        let detail = PrintableText.escape(detail)
        context.answered.count(status, of: nil)
        guard status == 405 else { return Problem(status: status, detail: detail).response }
        let segments = path.map { PathTemplate.segments(of: $0) }
        let candidates = Route.table.filter { route in segments.map { route.template.match($0) != nil } ?? false }
        // If no endpoint has the path, these are the methods that some endpoint has.
        let asked = candidates.isEmpty ? Route.table : candidates
        return Problem.methodNotAllowed(detail, allow: Self.allow(asked)).response
    }

    private func reply(of route: Route, _ match: PathTemplate.Match, to request: HTTPRequest) -> HTTPReply {
        do throws(Problem) {
            if route.isMutation { try guards.checkMutation(request) }
            let arguments = try Arguments(request.query, allowed: route.endpoint.parameters)
            let routed = RoutedRequest(
                request: request, arguments: arguments, segment: match.segment, context: context)
            return route.isMutation ? change(by: route, routed) : try route.endpoint.handler(routed)
        } catch {
            return .response(error.response)
        }
    }

    /// The route's answer. The request is logged before it is carried out and, if the route refuses it, again after.
    private func change(by route: Route, _ routed: RoutedRequest) -> HTTPReply {
        let log = context.configuration.log
        log.adminRequest(routed.request)
        let reply: HTTPReply
        do throws(Problem) { reply = try route.endpoint.handler(routed) } catch { reply = .response(error.response) }
        // Capturing the context would make a retain cycle: waiter → context → service → waiter.
        return reply.whenAnswered { [request = routed.request] response in
            if Problem.isRefusal(response) { log.adminRequestRefused(request, status: response.status) }
        }
    }

    /// Load balancers check with `OPTIONS /` (HAProxy's default): there, and for `*`, the answer follows `/readyz`.
    /// Never a CORS header: a preflight fails.
    private func options(_ request: HTTPRequest) throws(Problem) -> HTTPResponse {
        let isCheck = request.path == "/" || request.path == "*"
        let allow = Self.allow(try request.path == "*" ? Route.table : candidates(request).map(\.0))
        guard isCheck, !context.service.status().ready else { return .empty(status: 204, allow: allow) }
        return .empty(status: 503, allow: allow)
    }

    /// The methods that one of `routes` takes, and OPTIONS, in a fixed order.
    private static func allow(_ routes: [Route]) -> [HTTPMethod] {
        HTTPMethod.allCases.filter { method in method == .options || routes.contains { $0.methods.contains(method) } }
    }

    private func candidates(_ request: HTTPRequest) throws(Problem) -> [(Route, PathTemplate.Match)] {
        let segments = PathTemplate.segments(of: request.path)
        let matching = Route.table.compactMap { route in route.template.match(segments).map { (route, $0) } }
        // /ui/history is not the part "history" of /ui/{file}.
        let exact = matching.filter { $0.1 == .exact }
        let candidates = exact.isEmpty ? matching : exact
        guard !candidates.isEmpty else {
            throw .notFound(
                "There is no endpoint \(PrintableText.quote(request.path)). GET /?format=text lists the endpoints.")
        }
        return candidates
    }

    private func find(_ request: HTTPRequest) throws(Problem) -> (Route, PathTemplate.Match) {
        let candidates = try candidates(request)
        guard let found = candidates.first(where: { $0.0.methods.contains(request.method) }) else {
            let supported = candidates.flatMap { $0.0.methods }
            throw .methodNotAllowed(
                "\(PrintableText.quote(request.path)) does not support \(request.method.rawValue). "
                    + "Use \(supported.map(\.rawValue).joined(separator: " or ")).",
                allow: Self.allow(candidates.map(\.0)))
        }
        return found
    }
}
