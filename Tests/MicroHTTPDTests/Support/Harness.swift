import Basics
import Glibc
import Testing
import Threads

@testable import MicroHTTPD

/// Tests that share the process's descriptors run one after the other.
@Suite(.serialized) struct LiveServerTests {}

/// Something a server's thread puts in and a test takes out, in order.
final class Mailbox<Element: Sendable>: Sendable {
    private let elements = Lock<[Element]>([])

    func put(_ element: Element) {
        elements.withLock { $0.append(element) }
        elements.signal()
    }

    /// Nil when nothing comes within ten seconds.
    func take() -> Element? {
        elements.wait(until: .now + .seconds(10)) { $0.isEmpty ? nil : $0.removeFirst() }
    }

    var all: [Element] { elements.withLock { $0 } }
}

extension HTTPResponse {
    static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: [.init("Content-Type", "text/plain")], body: Array(text.utf8))
    }

    static func refusal(_ reason: HTTPRejection) -> HTTPResponse {
        .text(reason.detail, status: reason.status)
    }
}

/// A server on loopback that is stopped whatever happens.
func withServer<Result>(
    _ configure: (inout HTTPServerConfiguration) -> Void = { _ in },
    handler: @escaping @Sendable (HTTPRequest) -> HTTPReply = { _ in .response(.text("ok")) },
    _ body: (HTTPServer, Endpoint) throws -> Result
) throws -> Result {
    let (descriptor, endpoint) = try Sockets.listen()
    let server = try makeServer(on: descriptor, configure, handler: handler)
    defer { server.stop() }
    return try body(server, endpoint)
}

func makeServer(
    on descriptor: Int32, _ configure: (inout HTTPServerConfiguration) -> Void = { _ in },
    handler: @escaping @Sendable (HTTPRequest) -> HTTPReply = { _ in .response(.text("ok")) }
) throws -> HTTPServer {
    var configuration = HTTPServerConfiguration()
    configure(&configuration)
    return try HTTPServer(
        listeningSocket: descriptor, configuration: configuration, handler: handler,
        rejection: { reason, _ in .refusal(reason) })
}

/// So many clients, connected one after the other, that all begin like this.
func join(_ number: Int, _ endpoint: Endpoint, sending beginning: String = "") throws -> [Client] {
    try (0..<number).map { _ in
        let client = try Client(endpoint)
        client.send(beginning)
        return client
    }
}

/// Whether a client that comes now gets its answer.
func isServed(_ endpoint: Endpoint) -> Bool {
    guard let client = try? Client(endpoint) else { return false }
    client.send(request())
    return client.readReply()?.text == "ok"
}

/// Throws away what has come.
func isOpen(_ client: Client) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = recv(client.descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        guard count > 0 else { return count < 0 && errno == EAGAIN }
    }
}

/// Gives the processor away until the state is there; false after ten seconds.
func eventually(_ isReached: () -> Bool) -> Bool {
    let deadline = MonotonicTime.now + .seconds(10)
    while !isReached() {
        guard MonotonicTime.now < deadline else { return false }
        sched_yield()
    }
    return true
}

func request(_ method: String = "GET", _ target: String = "/ok", _ headers: String = "") -> String {
    "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n"
}
