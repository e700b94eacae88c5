internal import EchoCore
internal import MicroHTTPD
internal import Threads

/// One line of the router's table.
struct Route: Sendable {
    let method: HTTPMethod
    let template: PathTemplate
    let endpoint: Endpoint

    init(_ method: HTTPMethod, _ template: PathTemplate, _ endpoint: Endpoint) {
        self.method = method
        self.template = template
        self.endpoint = endpoint
    }

    /// Whether it changes something, and so is guarded as a mutation.
    var isMutation: Bool { endpoint.isMutatingGet || method != .get && method != .head }

    /// HEAD works where GET does, and changes nothing: the HTTP server leaves the body out.
    var methods: [HTTPMethod] { method == .get && !endpoint.isMutatingGet ? [.get, .head] : [method] }
}

/// What an endpoint takes, documents and does. It captures nothing: all that it works with comes with the request.
struct Endpoint: Sendable {
    typealias Handler = @Sendable (RoutedRequest) throws(Problem) -> HTTPReply

    /// One line for the list at `GET /?format=text`.
    var summary: String
    var parameters: [Parameter] = []
    /// A GET that changes something, for callers that can send nothing else.
    var isMutatingGet = false
    /// For the OpenAPI document.
    var operation: Operation
    var handler: Handler
}

/// A request that found its route and passed the guards.
struct RoutedRequest: Sendable {
    var request: HTTPRequest
    var arguments: Arguments
    /// The value for the template's `{…}`; nil where the template has none.
    var segment: String?
    var context: AdminContext
}

/// What the handlers work with, the same for all requests of a router.
///
/// No closure that the service keeps may capture it: it would make a retain cycle, waiter → context → service → waiter.
final class AdminContext: Sendable {
    let service: any ServiceControl
    let configuration: AdminConfiguration
    /// The figures of this process as of now; nil where the kernel does not give them.
    let process: @Sendable () -> ProcessMeasurements?
    /// The counts of all answers so far.
    let answered = MetricsRequestCounts(routes: Route.table)
    let streams: EventStreams
    /// The OpenAPI document, after the first request for it.
    let openAPI = Lock<HTTPResponse?>(nil)

    init(
        service: any ServiceControl, configuration: AdminConfiguration,
        process: @escaping @Sendable () -> ProcessMeasurements?
    ) {
        self.service = service
        self.configuration = configuration
        self.process = process
        streams = EventStreams(service: service)
    }
}
