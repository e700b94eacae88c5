import Basics
import Glibc
import Testing
import Threads

@testable import MicroHTTPD

extension LiveServerTests {
    @Suite struct StreamTests {
        @Test func whatIsSentArrivesInOrder() throws {
            let streams = Mailbox<ResponseStream>()
            try withServer(handler: streaming(to: streams, first: "first;")) { _, endpoint in
                let client = try Client(endpoint)
                for round in 0..<20 {
                    client.send(request("GET", "/events"))
                    let stream = try #require(streams.take())
                    client.readStream(until: "first;")
                    for number in 0..<50 { #expect(stream.send("\(round).\(number);")) }
                    client.readStream(until: "\(round).49;")
                    #expect(stream.send("last;"))
                    stream.finish()
                    let text = try #require(client.readWholeStream())
                    #expect(text == "first;" + (0..<50).map { "\(round).\($0);" }.joined() + "last;")
                    #expect(!stream.send("too late"))
                }
                // The connection serves whatever comes next.
                client.send(request())
                #expect(client.readReply()?.text == "ok")
            }
        }

        @Test func manyThreadsSendWhileTheLibraryReads() throws {
            let streams = Mailbox<ResponseStream>()
            try withServer(handler: streaming(to: streams)) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request("GET", "/events"))
                let stream = try #require(streams.take())
                let senders = (0..<4).map { _ in
                    TestThread { for _ in 0..<500 { #expect(stream.send("0123456789\n")) } }
                }
                senders.forEach { $0.join() }
                stream.finish()
                #expect(client.readWholeStream() == String(repeating: "0123456789\n", count: 2000))
            }
        }

        @Test func headGetsTheHeadersOnly() throws {
            let streams = Mailbox<ResponseStream>()
            try withServer(handler: streaming(to: streams, first: "first;")) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request("HEAD", "/events"))
                let reply = try #require(client.readReply(toHead: true))
                #expect(reply.status == 200)
                #expect(reply.values("content-type") == ["text/event-stream"])
                client.send(request())
                #expect(client.readReply()?.text == "ok")
                #expect(client.received.isEmpty)
                #expect(streams.all.isEmpty)
            }
        }

        @Test func oldClientIsToldTheEndByTheClose() throws {
            let streams = Mailbox<ResponseStream>()
            try withServer(handler: streaming(to: streams, first: "first;")) { _, endpoint in
                let client = try Client(endpoint)
                client.send("GET /events HTTP/1.0\r\nHost: localhost\r\n\r\n")
                let stream = try #require(streams.take())
                client.readStream(until: "first;")
                #expect(stream.send("last;"))
                stream.finish()
                client.readToEnd()
                #expect(client.end == .closed)
                #expect(String(decoding: client.received, as: UTF8.self).hasSuffix("\r\n\r\nfirst;last;"))
            }
        }

        @Test func droppedStreamIsFinished() throws {
            try withServer(handler: { _ in .stream(.events("first;")) { _ in } }) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request())
                #expect(client.readWholeStream() == "first;")
            }
        }

        @Test func invalidHeadersAreAFailureAndBeginNoStream() throws {
            let streams = Mailbox<ResponseStream>()
            var response = HTTPResponse.events("")
            response.headers.append(.init("X-Bad", "a\r\nb"))
            let bad = response
            try withServer(handler: { _ in .stream(bad) { streams.put($0) } }) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request())
                #expect(client.readReply()?.status == 500)
                #expect(streams.all.isEmpty)
            }
        }

        @Test func deadlinesDoNotEndIt() throws {
            let streams = Mailbox<ResponseStream>()
            try withServer(
                {
                    $0.requestDeadline = .milliseconds(50)
                    $0.responseDeadline = .milliseconds(50)
                    $0.inactivityTimeout = .seconds(1)
                }, handler: streaming(to: streams)
            ) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request("GET", "/events"))
                let stream = try #require(streams.take())
                // An idle client that the library has closed shows that its time-out has passed.
                let idle = try Client(endpoint)
                idle.send(request())
                #expect(idle.replies()?.count == 1)
                #expect(stream.send("still here;"))
                client.readStream(until: "still here;")
            }
        }

        @Test func halfClosedClientGetsAll() throws {
            let streams = Mailbox<ResponseStream>()
            let ended = Mailbox<Void>()
            try withServer(handler: streaming(to: streams)) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request("GET", "/events"))
                client.finishSending()
                let stream = try #require(streams.take())
                stream.onEnd { ended.put(()) }
                // Longer than it takes to find out that a client is gone.
                let start = MonotonicTime.now
                while MonotonicTime.now < start + .milliseconds(1500) {
                    #expect(stream.send("tick;"))
                    usleep(100_000)
                }
                #expect(ended.all.isEmpty)
                stream.finish()
                #expect(client.readWholeStream()?.hasSuffix("tick;") == true)
                #expect(ended.take() != nil)
            }
        }
    }
}

/// Hands the streams of `/events` out; everything else is `ok`.
func streaming(
    to streams: Mailbox<ResponseStream>, first: String = ""
) -> @Sendable (HTTPRequest) -> HTTPReply {
    { request in
        guard request.path == "/events" else { return .response(.text("ok")) }
        return .stream(.events(first)) { streams.put($0) }
    }
}

extension HTTPResponse {
    static func events(_ first: String) -> HTTPResponse {
        HTTPResponse(status: 200, headers: [.init("Content-Type", "text/event-stream")], body: Array(first.utf8))
    }
}

extension ResponseStream {
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }
}

extension Client {
    /// Reads on until the stream holds a text.
    func readStream(until text: String) {
        read { String(decoding: $0, as: UTF8.self).contains(text) }
        #expect(String(decoding: received, as: UTF8.self).contains(text))
    }

    /// Reads a chunked answer to its last chunk, and takes it from what was received. Nil when it does not come.
    func readWholeStream() -> String? {
        read { Self.chunks($0) != nil }
        guard let (text, length) = Self.chunks(received) else { return nil }
        take(length)
        return text
    }

    private static func chunks(_ bytes: [UInt8]) -> (String, Int)? {
        guard bytes.suffix(5) == Array("0\r\n\r\n".utf8)[...] else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        var rest = text.utf8[...]
        func line() -> Substring? {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            defer { rest = rest[rest.index(after: end)...] }
            return Substring(rest[..<end]).dropLast(1)
        }
        while let header = line(), !header.utf8.isEmpty {}
        var body: [UInt8] = []
        while let size = line(), let count = Int(String(decoding: Array(size.utf8), as: UTF8.self), radix: 16) {
            if count == 0 { return (String(decoding: body, as: UTF8.self), bytes.count) }
            guard rest.count >= count + 2 else { return nil }
            body += rest.prefix(count)
            rest = rest.dropFirst(count + 2)
        }
        return nil
    }
}
