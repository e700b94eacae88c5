/// Why a request was refused before it reached the handler. The caller makes the answer's text of it; the server adds
/// `Connection: close` and the headers of `headers`.
package enum HTTPRejection: Hashable, Sendable, CaseIterable {
    case malformedHead
    /// The library refuses much larger ones by itself.
    case headTooLarge
    case transferEncoding
    case repeatedContentLength
    case malformedContentLength
    case body
    case bodyTooLarge
    case hostCount
    case method
    case targetForm
    case targetBytes
    case expectation
    /// The server stopped before a deferred answer was known.
    case stopping
    /// The handler's promise of an answer was dropped, or its answer could not be sent as it was.
    case handlerFailed

    package var status: Int {
        switch self {
        case .malformedHead, .repeatedContentLength, .malformedContentLength, .body: 400
        case .hostCount, .targetForm, .targetBytes: 400
        case .method: 405
        case .transferEncoding: 411
        case .bodyTooLarge: 413
        case .expectation: 417
        case .headTooLarge: 431
        case .handlerFailed: 500
        case .stopping: 503
        }
    }

    /// For a person: what to do instead.
    package var detail: String {
        switch self {
        case .malformedHead:
            "A header is malformed: send each on one line, with a plain name, no NUL and no control characters."
        case .headTooLarge: "The request's headers are too large."
        case .transferEncoding: "Transfer-Encoding is not accepted: parameters stand in the query, send no body."
        case .repeatedContentLength: "Content-Length is given more than once."
        case .malformedContentLength: "Content-Length is not a decimal number."
        case .body: "Parameters stand in the query, as in /path?name=value; send no body."
        case .bodyTooLarge: "The body is too large: parameters stand in the query, send no body."
        case .hostCount: "Send exactly one Host header."
        case .method: "The method is not supported; use one that the Allow header names."
        case .targetForm: "The request target must be a path that begins with a slash."
        case .targetBytes: "The path may hold printable ASCII without percent signs only, the query printable ASCII."
        case .expectation: "No expectation can be met: leave the Expect header out."
        case .stopping: "The server is stopping and the answer is not known yet."
        case .handlerFailed: "The request could not be answered; this is a fault of the server."
        }
    }

    /// What the answer must carry beside its text.
    package var headers: [HTTPResponse.Header] {
        self == .method ? [.init("Allow", HTTPMethod.allCases.map(\.rawValue).joined(separator: ", "))] : []
    }
}
