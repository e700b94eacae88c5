internal import MicroHTTPD
internal import Wire

/// A refusal: problem+json of RFC 9457. Nothing has happened, unless its detail says so.
struct Problem: Error, Hashable, Sendable {
    var status: Int
    /// For a person: what is wrong and what to do about it. Text from outside in it must be `PrintableText`.
    var detail: String
    var headers: [HTTPResponse.Header] = []

    /// The same as an answer.
    var response: HTTPResponse {
        let body = ProblemDetails(detail: detail, status: status, title: ReasonPhrase.of(status))
        return .json(status: status, body, contentType: ProblemDetails.mediaType, headers: headers)
    }

    /// Whether an answer says that nothing has happened. The 409 of a waiter whose drain was taken back does not: it
    /// is a status. Nor does a problem from 500 on: by then something has been tried.
    static func isRefusal(_ response: HTTPResponse) -> Bool {
        (400..<500).contains(response.status)
            && response.headers.contains { $0.name == "Content-Type" && $0.value == ProblemDetails.mediaType }
    }
}

extension Problem {
    static func badRequest(_ detail: String) -> Problem { Problem(status: 400, detail: detail) }
    static func forbidden(_ detail: String) -> Problem { Problem(status: 403, detail: detail) }
    static func notFound(_ detail: String) -> Problem { Problem(status: 404, detail: detail) }
    static func failed(_ detail: String) -> Problem { Problem(status: 500, detail: detail) }
    static func conflict(_ detail: String) -> Problem { Problem(status: 409, detail: detail) }

    static func unavailable(_ detail: String, retryAfter seconds: Int) -> Problem {
        Problem(status: 503, detail: detail, headers: [HTTPResponse.Header("Retry-After", "\(seconds)")])
    }

    static func methodNotAllowed(_ detail: String, allow methods: [HTTPMethod]) -> Problem {
        Problem(status: 405, detail: detail, headers: [.allow(methods)])
    }
}

/// The phrases of RFC 9110 and RFC 6585 for the statuses that the admin or the HTTP server in front of it answers.
enum ReasonPhrase {
    static func of(_ status: Int) -> String {
        phrases[status] ?? (status < 500 ? "Request Refused" : "Request Failed")
    }

    private static let phrases = [
        400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        408: "Request Timeout", 409: "Conflict", 411: "Length Required", 413: "Content Too Large",
        414: "URI Too Long", 415: "Unsupported Media Type", 421: "Misdirected Request", 429: "Too Many Requests",
        431: "Request Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented",
        503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
    ]
}
