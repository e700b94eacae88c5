internal import EchoCore
internal import MicroHTTPD
internal import Wire

/// `GET /status` and `GET /events`: the state of the service, once or as it changes.
enum StatusRoutes {
    /// The status object, with the kernel's queues as of now.
    static let status = Endpoint(
        summary: "state, counters and the drain, as JSON",
        operation: Operation(
            "getStatus", .status, .json(200, "The status object.", "Status", example: OpenAPIExamples.status))
    ) { request in
        let service = request.context.service
        return .deferred { answer in
            service.sampleStatus { status in answer.complete { .json(status: 200, status) } }
        }
    }

    static let events = Endpoint(
        summary: "server-sent events state, totals (each second) and done, each with the status",
        operation: Operation(
            "streamEvents", .status,
            Answer(
                status: 200,
                meaning: "Server-sent events: state at each change, totals once a second, done as the last. The data "
                    + "of each is the status object, on one line.",
                contents: [.init(mediaType: "text/event-stream", schema: Schema.text, example: nil)]),
            .problem(503, "\(EventStreams.limit) streams are open already.", headers: Operation.retryAfter))
    ) { request throws(Problem) in
        let streams = request.context.streams
        guard let place = streams.takePlace() else { throw tooManyStreams }
        // An unused place, as after HEAD, is freed with the closure.
        return .stream(.eventStream(beginning: retry)) { streams.add($0, place) }
    }

    /// A browser tries again a second after the stream breaks.
    private static let retry = "retry: 1000\n\n"

    private static let tooManyStreams = Problem.unavailable(
        "\(EventStreams.limit) clients are already reading events. Close one of them, or poll GET /status.",
        retryAfter: 5)
}
