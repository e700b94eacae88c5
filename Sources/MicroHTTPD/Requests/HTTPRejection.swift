/// Why a request was refused before it reached the handler. The caller makes the answer from it; the server adds
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
        case .headTooLarge: "The request's headers are too large: send fewer or shorter ones."
        case .transferEncoding: "Transfer-Encoding is not accepted: send no body, and put parameters in the query."
        case .repeatedContentLength: "Content-Length is given more than once: send it once, as 0, or leave it out."
        case .malformedContentLength: "Content-Length is not a decimal number: send 0, or leave the header out."
        case .body: "Send no body: put parameters in the query, as in /path?name=value."
        case .bodyTooLarge: "The body is too large: send no body, and put parameters in the query."
        case .hostCount: "Send exactly one Host header."
        case .method: "The method is not supported; use one that the Allow header names."
        case .targetForm: "The request target must be a path that begins with a slash."
        case .targetBytes: "Use only printable ASCII in the path and the query, and no percent sign in the path."
        case .expectation: "Leave the Expect header out: the server supports no expectations."
        case .stopping: "The server is stopping: ask another server, or try again later."
        case .handlerFailed: "The server failed to answer this request: report this as a fault of the server."
        }
    }

    /// What the answer must carry besides its text.
    package var headers: [HTTPResponse.Header] {
        self == .method ? [.init("Allow", HTTPMethod.allCases.map(\.rawValue).joined(separator: ", "))] : []
    }
}
