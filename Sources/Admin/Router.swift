package import EchoCore
internal import Logging
package import MicroHTTPD

/// The admin API: a request in, an answer out, over a table of routes.
///
/// It opens no socket, starts no thread and never waits. What the service must be asked for is a deferred reply, and
/// its events are a stream. Copies share the event streams' places.
package struct Router: Sendable {
    private let guards: Guards
    private let log: Logger
    let routes: [Route]
    private let answered: MetricsRequestCounts

    /// `process`: the figures of this process as of now; nil where the kernel does not give them. It is called on the
    /// HTTP server's thread and may not wait.
    package init(
        service: any ServiceControl, configuration: AdminConfiguration,
        process: @escaping @Sendable () -> ProcessMeasurements?
    ) {
        guards = Guards(configuration: configuration)
        log = configuration.log
        let drains = DrainRoutes(service: service, defaults: configuration.drainDefaults)
        let endpoints =
            ProbeRoutes(service: service).routes
            + StatusRoutes(service: service).routes
            + ConnectionRoutes(service: service).routes
            + drains.routes
            + PrestopRoutes(drains: drains).routes
            + EventRoutes(service: service).routes
            + ConfigRoutes(settings: configuration.settings).routes
            + LogLevelRoutes(settings: configuration.settings).routes
            + MetricsRoutes(service: service, process: process, version: configuration.version).routes
            + OpenAPIRoutes(version: configuration.version).routes
        let dashboard = DashboardRoutes(service: service, configuration: configuration)
        let index = IndexRoutes(listing: endpoints, dashboard: dashboard, version: configuration.version)
        routes = index.routes + dashboard.routes + endpoints
        answered = MetricsRequestCounts(routes: routes)
    }

    /// Answers a request. A request that is refused has changed nothing.
    package func reply(to request: HTTPRequest) -> HTTPReply {
        do throws(Problem) {
            try guards.checkHost(request)
            let (route, match) = try find(request)
            return answered.counting(reply(of: route, match, to: request), of: route.template.text)
        } catch {
            return answered.counting(.response(error.response), of: nil)
        }
    }

    /// A refusal in the admin's form, for the HTTP server that turns requests away before they come here. `detail`
    /// says what to do; it is escaped, so it may quote the request. `path`: nil where it is not known.
    package func rejection(status: Int, detail: String, path: String?) -> HTTPResponse {
        let detail = PrintableText.escape(detail)
        answered.count(status, of: nil)
        guard status == 405 else { return Problem(status: status, detail: detail).response }
        let segments = path.map { PathTemplate.segments(of: $0) }
        let candidates = routes.filter { route in segments.map { route.template.match($0) != nil } ?? false }
        // Without an endpoint these are the methods that some endpoint has.
        let asked = candidates.isEmpty ? routes : candidates
        let methods = HTTPMethod.allCases.filter { method in asked.contains { $0.methods.contains(method) } }
        return Problem.methodNotAllowed(detail, allow: methods).response
    }

    private func reply(of route: Route, _ match: PathTemplate.Match, to request: HTTPRequest) -> HTTPReply {
        do throws(Problem) {
            if route.isMutation { try guards.checkMutation(request) }
            let arguments = try Arguments(request.query, allowed: route.parameters)
            let routed = RoutedRequest(
                request: request, arguments: arguments, segment: match.segment, answered: answered, table: routes)
            return route.isMutation ? change(by: route, routed) : try route.handler(routed)
        } catch {
            return .response(error.response)
        }
    }

    /// What the route answers, told in the log before it is done and, if the route refuses it, after.
    private func change(by route: Route, _ routed: RoutedRequest) -> HTTPReply {
        log.changeAskedFor(routed.request)
        let reply: HTTPReply
        do throws(Problem) { reply = try route.handler(routed) } catch { reply = .response(error.response) }
        // Not the routes that come with it: who waits would keep the service that keeps who waits.
        return reply.whenAnswered { [log, request = routed.request] response in
            if Problem.isRefusal(response) { log.changeRefused(request, status: response.status) }
        }
    }

    private func find(_ request: HTTPRequest) throws(Problem) -> (Route, PathTemplate.Match) {
        let segments = PathTemplate.segments(of: request.path)
        let matching = routes.compactMap { route in route.template.match(segments).map { (route, $0) } }
        // /ui/history is not the part "history" of /ui/{file}.
        let exact = matching.filter { $0.1 == .exact }
        let candidates = exact.isEmpty ? matching : exact
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
