import Admin
import Basics
import MicroHTTPD
import Synchronization
import Testing
import Threads

extension HTTPPeer {
    static let loopback = HTTPPeer.network(.v4(0x7f00_0001))
    static let remote = HTTPPeer.network(.v4(0x0a00_0009))
}

extension AdminConfiguration {
    static var test: AdminConfiguration {
        AdminConfiguration(userID: 1000, version: "0.1.0", settings: FakeSettings())
    }
}

/// The answers that a reply was completed with: none while it waits.
final class Answers: Sendable {
    private let responses = Mutex<[HTTPResponse]>([])

    /// What the stream sent, if there is one.
    let sink = StreamSink()
    private let watcher = Mutex<(@Sendable () -> Void)?>(nil)

    var all: [HTTPResponse] { responses.withLock { $0 } }

    func watch(_ body: @escaping @Sendable () -> Void) {
        watcher.withLock { $0 = body }
    }

    /// Before the answer.
    func clientHangsUp() {
        watcher.withLock { $0 }?()
    }

    func append(_ response: HTTPResponse) {
        responses.withLock { $0.append(response) }
    }
}

extension Router {
    /// Runs a request as the HTTP server does, deferred replies included.
    func answers(to request: HTTPRequest) -> Answers {
        let answers = Answers()
        switch reply(to: request) {
        case .response(let response): answers.append(response)
        case .deferred(let begin):
            begin(DeferredResponse(watch: { answers.watch($0) }, deliver: { answers.append($0()) }))
        case .stream(let response, let begin):
            answers.append(response)
            // As the HTTP server does: the stream of HEAD never begins.
            if request.method != .head { begin(ResponseStream(answers.sink)) }
        }
        return answers
    }
}

/// `"/status?x=1"` from loopback, with curl's Host.
func request(
    _ method: HTTPMethod, _ target: String, headers: [(name: String, value: String)] = [("Host", "localhost:8889")],
    peer: HTTPPeer = .loopback
) -> HTTPRequest {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    return HTTPRequest(
        method: method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : nil, headers: headers,
        peer: peer)
}

/// Sends a request to a router of its own and returns the answer, which must be there at once.
func send(
    _ request: HTTPRequest, to service: FakeService = FakeService(), configuration: AdminConfiguration = .test
) throws -> HTTPResponse {
    let answers = Router(service: service, configuration: configuration, process: { nil }).answers(to: request).all
    #expect(answers.count == 1)
    return try #require(answers.first)
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// Whether this is a problem+json whose text holds `hint`.
    func isProblem(_ status: Int, _ hint: String) -> Bool {
        self.status == status && header("Content-Type") == "application/problem+json" && text.contains(hint)
    }
}
