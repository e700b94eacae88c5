internal import EchoCore
internal import MicroHTTPD

/// `GET /events`: what happens to the service, as server-sent events.
struct EventRoutes: Sendable {
    private let streams: EventStreams

    init(service: any ServiceControl) {
        streams = EventStreams(service: service)
    }

    var routes: [Route] {
        [
            Route(
                method: .get, template: "/events",
                summary: "server-sent events state, totals (each second) and done, each with the status",
                operation: .events, handler: events)
        ]
    }

    private func events(_: RoutedRequest) throws(Problem) -> HTTPReply {
        guard let place = streams.takePlace() else { throw Self.tooManyStreams }
        // A place that is not used, as after HEAD, is free again with the closure.
        return .stream(.eventStream(beginning: Self.retry)) { [streams] in streams.add($0, place) }
    }

    /// A browser tries again a second after the stream broke.
    private static let retry = "retry: 1000\n\n"

    private static let tooManyStreams = Problem.unavailable(
        "\(EventStreams.limit) clients are reading events already. Close one, or ask GET /status now and then.",
        retryAfter: 5)
}
