internal import MicroHTTPD

/// Every answer of the admin is made here, so that none can lack the headers that all must have.
extension HTTPResponse {
    /// A JSON document and a newline, for people with curl.
    static func json(
        status: Int, _ value: some Encodable, contentType: String = "application/json", headers: [Header] = []
    ) -> HTTPResponse {
        guard let body = JSONText.encode(value) else {
            return text(status: 500, "the answer could not be written as JSON")
        }
        return HTTPResponse(status: status, contentType: contentType, headers: headers, body: body)
    }

    /// A JSON document that is already written, with its newline.
    static func json(status: Int, bytes: [UInt8]) -> HTTPResponse {
        HTTPResponse(status: status, contentType: "application/json", headers: [], body: bytes)
    }

    /// Plain text and a newline. Text from outside in it must be `PrintableText`.
    static func text(status: Int, _ text: String, headers: [Header] = []) -> HTTPResponse {
        HTTPResponse(
            status: status, contentType: "text/plain; charset=utf-8", headers: headers, body: Array("\(text)\n".utf8))
    }

    /// No body: what a load balancer asks by OPTIONS is in the status.
    static func empty(status: Int, allow methods: [HTTPMethod]) -> HTTPResponse {
        HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", headers: [.allow(methods)], body: [])
    }

    /// The dashboard. It may load its own parts and talk to its own origin, nothing else: no inline script, no frame
    /// around it, no form that leaves it.
    static func page(_ html: String) -> HTTPResponse {
        let policy = [
            "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
            "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        ]
        return HTTPResponse(
            status: 200, contentType: "text/html; charset=utf-8",
            headers: [
                Header("Content-Security-Policy", policy.joined(separator: "; ")),
                Header("Referrer-Policy", "no-referrer"),
                // Other clients get the list of endpoints at the same address.
                Header("Vary", "Accept"),
            ],
            body: Array(html.utf8))
    }

    /// The beginning of server-sent events. A reverse proxy (nginx) is asked not to collect them.
    static func eventStream(beginning text: String) -> HTTPResponse {
        HTTPResponse(
            status: 200, contentType: "text/event-stream", headers: [Header("X-Accel-Buffering", "no")],
            body: Array(text.utf8))
    }

    /// A part of the dashboard.
    static func asset(contentType: String, _ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(status: 200, contentType: contentType, headers: [], body: body)
    }

    /// A scrape. Its content is already escaped as its format requires.
    static func metrics(contentType: String, _ text: [UInt8]) -> HTTPResponse {
        HTTPResponse(status: 200, contentType: contentType, headers: [], body: text)
    }

    private init(status: Int, contentType: String, headers: [Header], body: [UInt8]) {
        let common = [
            Header("Content-Type", contentType),
            // A snapshot is out of date at once, and a cached probe would lie.
            Header("Cache-Control", "no-store"),
            // Peer names are in the answers: a browser must not take them for markup.
            Header("X-Content-Type-Options", "nosniff"),
        ]
        self.init(status: status, headers: common + headers, body: body)
    }
}

extension HTTPResponse.Header {
    static func allow(_ methods: [HTTPMethod]) -> Self {
        Self("Allow", methods.map(\.rawValue).joined(separator: ", "))
    }
}

extension HTTPReply {
    /// The same reply, with `body` called when its answer is known: at once, or on the HTTP server's thread, where it
    /// must not block. Never called for a client that hung up before.
    func whenAnswered(_ body: @escaping @Sendable (HTTPResponse) -> Void) -> HTTPReply {
        switch self {
        case .response(let response), .stream(let response, _):
            body(response)
            return self
        case .deferred(let begin):
            return .deferred { answer in
                begin(
                    DeferredResponse(
                        watch: { answer.onDisconnect($0) },
                        deliver: { make in
                            answer.complete {
                                let response = make()
                                body(response)
                                return response
                            }
                        }))
            }
        }
    }
}
