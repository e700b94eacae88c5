/// The operations, one for each route: a route is written with its own.
extension Operation {
    static func live(_ id: String) -> Operation {
        Operation(
            id, .probes, .text(200, "Alive, in every state.", example: "ok\n"),
            .text(503, "An event loop is stuck.", example: "stuck: an event loop has not answered for 5 s\n"))
    }

    static func ready(_ id: String) -> Operation {
        Operation(
            id, .probes, .text(200, "Serving.", example: "ok\n"),
            .text(503, "Not serving; the text is the state.", example: "draining\n"))
    }

    static let started = Operation(
        "startupz", .probes, .text(200, "Started.", example: "ok\n"),
        .text(503, "Not every listener is bound yet.", example: "starting\n"))

    static let status = Operation(
        "getStatus", .status, .json(200, "The status object.", "Status", example: OpenAPIExamples.status))

    static let listConnections = Operation(
        "listConnections", .connections,
        Answer(
            status: 200, meaning: "One page, as JSON, or as a table with format=text.",
            contents: [.json("ConnectionPage", example: OpenAPIExamples.page), .text()],
            links: [
                "getConnection": ["id": "$response.body#/connections/0/id"],
                "closeConnection": ["id": "$response.body#/connections/0/id"],
            ]),
        .noAnswer)

    static let getConnection = Operation(
        "getConnection", .connections, segment: connectionID,
        .json(200, "The connection.", "Connection", example: OpenAPIExamples.connection), .noSuchConnection, .noAnswer)

    static let closeConnection = Operation(
        "closeConnection", .connections, segment: connectionID,
        .json(202, "It is being closed; the connection as it was.", "Connection"), .noSuchConnection, .noAnswer)

    private static let connectionID: JSONValue = ["type": "integer", "minimum": 1]

    static let drain = Operation(
        "drain", .drain, .drainRequested, .drainOver, .drainLossy, .drainConflict, .tooManyWaiters, .waitOver)

    static let shutdown = Operation(
        "shutdown", .drain, .drainRequested, .drainOver, .drainLossy, .drainConflict, .tooManyWaiters, .waitOver)

    static let undrain = Operation(
        "undrain", .drain, .json(200, "Serving, also when there was no drain.", "Status"),
        .problem(409, "Too late, or a signal has come."),
        .problem(500, "A listener could not be opened again; the drain goes on."))

    /// It waits always, so it is never just accepted.
    static func prestop(header: String) -> Operation {
        Operation(
            "prestop", .drain, requiredHeader: (header, "1"), .drainOver, .drainLossy, .drainConflict,
            .tooManyWaiters, .waitOver)
    }

    static let metrics = Operation(
        "getMetrics", .status,
        Answer(
            status: 200, meaning: "Prometheus' text form, or OpenMetrics where Accept asks for it.",
            contents: [
                .text(),
                .init(mediaType: "application/openmetrics-text", schema: Schema.text, example: nil),
            ]))

    static let events = Operation(
        "streamEvents", .status,
        Answer(
            status: 200,
            meaning: "Server-sent events: state at each change, totals once a second, done as the last. The data of "
                + "each is the status object, on one line.",
            contents: [.init(mediaType: "text/event-stream", schema: Schema.text, example: nil)]),
        .problem(503, "16 streams are open already.", headers: retryAfter))

    static let config = Operation(
        "getConfig", .process, .json(200, "The options in force and their sources.", "Config"))

    static let logLevel = Operation(
        "getLogLevel", .process, .json(200, "The level.", "LogLevel", example: ["level": "info"]))

    static let setLogLevel = Operation(
        "setLogLevel", .process, .json(200, "The level from now on.", "LogLevel", example: ["level": "debug"]))

    static let index = Operation(
        "getIndex", .dashboard,
        Answer(
            status: 200, meaning: "The dashboard where Accept names text/html, else the list of the endpoints.",
            contents: [.text(), .init(mediaType: "text/html", schema: Schema.text, example: nil)]))

    static func dashboardPart(names: [String]) -> Operation {
        let types = ["text/css", "text/javascript", "image/svg+xml"]
        return Operation(
            "getDashboardPart", .dashboard, segment: Schema.oneOf(names),
            Answer(
                status: 200, meaning: "A file of the page.",
                contents: types.map { .init(mediaType: $0, schema: Schema.text, example: nil) }),
            .problem(404, "There is no such file."))
    }

    static let dashboardHistory = Operation(
        "getDashboardHistory", .dashboard,
        .json(
            200, "Samples of the counters in columns, the oldest first, a second or two apart.", "History",
            example: OpenAPIExamples.history))

    static let openAPI = Operation(
        "getOpenAPI", .process,
        Answer(
            status: 200, meaning: "This document.",
            contents: [.init(mediaType: "application/json", schema: ["type": "object"], example: nil)]))

    fileprivate static let retryAfter = ["Retry-After": "Seconds after which to try again."]
}

extension Answer {
    fileprivate static let noAnswer = problem(
        503, "An event loop did not answer within a second.", headers: Operation.retryAfter)
    fileprivate static let noSuchConnection = problem(404, "Neither open nor among the last 1,000 that closed.")

    fileprivate static let drainRequested = json(202, "Started, or joined to one that ran.", "StatusOfDrainRequest")
    fileprivate static let drainOver = json(200, "With wait: it is over, and clean.", "Status")
    fileprivate static let drainLossy = json(
        500, "With wait: it is over, and connections were cut or bytes lost.", "Status")
    fileprivate static let drainConflict = Answer(
        status: 409, meaning: "The state admits no such request; or, with wait: undrained meanwhile.",
        contents: [.problem, .json("Status")])
    fileprivate static let tooManyWaiters = problem(
        503, "Started or joined, but 16 are waiting already.", headers: Operation.retryAfter)
    fileprivate static let waitOver = json(504, "With wait=DUR: DUR is over, the drain goes on.", "Status")
}
