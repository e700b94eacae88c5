internal import MicroHTTPD

extension HTTPReply {
    /// The same reply, with `body` called when its answer is known: at once, or on the HTTP server's thread, where it may
    /// not wait. Never for a client that has hung up before.
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
