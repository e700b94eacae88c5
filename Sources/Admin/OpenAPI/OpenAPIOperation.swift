internal import EchoCore
internal import Wire

/// What the OpenAPI document says about a route besides its method, path, parameters and summary.
struct Operation: Sendable {
    /// Groups the operations for a reader.
    enum Tag: String, CaseIterable, Sendable {
        case probes, status, connections, drain, process, dashboard

        var meaning: String {
            switch self {
            case .probes: "For kubelets and load balancers, in text."
            case .status: "What the service does."
            case .connections: "The clients, one by one."
            case .drain: "Ending without loss, and the way back."
            case .process: "How the process was started, and what it logs."
            case .dashboard: "For a browser."
            }
        }
    }

    /// The header of an answer that says when to try again.
    static let retryAfter = ["Retry-After": "Seconds after which to try again."]

    /// Unique, and the name of a function in a generated client.
    var id: String
    var tag: Tag
    /// The schema of the value for the template's `{…}`; nil where the template has none.
    var segment: JSONValue?
    /// A header without which the request is refused, and its only value.
    var requiredHeader: (name: String, value: String)?
    /// From its own handler; the document adds what the router itself may answer.
    var answers: [Answer]

    init(
        _ id: String, _ tag: Tag, segment: JSONValue? = nil, requiredHeader: (name: String, value: String)? = nil,
        _ answers: Answer...
    ) {
        self.id = id
        self.tag = tag
        self.segment = segment
        self.requiredHeader = requiredHeader
        self.answers = answers
    }
}

/// One status that an operation may answer with.
struct Answer: Sendable {
    struct Content: Sendable {
        var mediaType: String
        var schema: JSONValue
        var example: JSONValue?
    }

    var status: Int
    var meaning: String
    var contents: [Content]
    /// Headers that may be present, and what each says.
    var headers: [String: String] = [:]
    /// Operations, by id, that take something from this answer: its place in the answer, by the parameter's name.
    var links: [String: [String: String]] = [:]

    static func text(_ status: Int, _ meaning: String, example: JSONValue) -> Answer {
        Answer(status: status, meaning: meaning, contents: [.text(example: example)])
    }

    /// `schema`: a name of `OpenAPISchemas`.
    static func json(_ status: Int, _ meaning: String, _ schema: String, example: JSONValue? = nil) -> Answer {
        Answer(status: status, meaning: meaning, contents: [.json(schema, example: example)])
    }

    static func problem(_ status: Int, _ meaning: String, headers: [String: String] = [:]) -> Answer {
        Answer(status: status, meaning: meaning, contents: [.problem], headers: headers)
    }
}

extension Answer.Content {
    static func text(example: JSONValue? = nil) -> Answer.Content {
        Answer.Content(mediaType: "text/plain", schema: Schema.text, example: example)
    }

    static func json(_ schema: String, example: JSONValue? = nil) -> Answer.Content {
        Answer.Content(mediaType: "application/json", schema: Schema.reference(schema), example: example)
    }

    static let problem = Answer.Content(
        mediaType: ProblemDetails.mediaType, schema: Schema.reference("Problem"), example: nil)
}

/// Examples, made by the code that makes the answers, so that they cannot have another form.
enum OpenAPIExamples {
    static let status = JSONValue(
        encoding: ServiceStatus(
            admin: ["127.0.0.1:8889"], listen: ["127.0.0.1:8888"],
            bytes: ServiceStatus.Bytes(received: 4096, sent: 4096),
            connections: ServiceStatus.Connections(accepted: 9, active: 1, closed: [.peerClosed: 8]), lines: 64,
            pid: 4711, state: .serving, uptime: .seconds(60), version: "0.1.0"))

    static let connection = JSONValue(parsing: ConnectionDocument.one(row))

    static let page = JSONValue(
        parsing: ConnectionDocument.page(ConnectionPage(connections: [row], next: nil, total: 1)))

    static let history = JSONValue(
        parsing: HistoryDocument.write([
            ServiceSample(uptime: .seconds(59), active: 1, lines: 60, received: 3840, sent: 3840),
            ServiceSample(uptime: .seconds(60), active: 1, lines: 64, received: 4096, sent: 4096),
        ]))

    private static let row = ConnectionInfo(
        id: 9, peer: "10.0.0.9:51234", local: "10.0.0.5:8888", mode: .upper,
        openedAt: "2026-11-21T12:00:00.000Z", age: .seconds(9), idle: .milliseconds(80), state: .open,
        lines: 64, received: 4096, sent: 4096, partialLine: 3)
}
