import Testing

@testable import MicroHTTPD

/// A request on the wire, and the statuses that may answer it: no more, no fewer.
struct HostileRequest: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var statuses: [Int]
    var isHead = false
    var isFinished = false

    init(_ name: String, _ text: String, _ statuses: Int..., isHead: Bool = false, isFinished: Bool = false) {
        self.name = name
        self.bytes = Array(text.utf8)
        self.statuses = statuses
        self.isHead = isHead
        self.isFinished = isFinished
    }

    var testDescription: String { name }

    /// Whether these answer it, with the library that is in use.
    func allows(_ replies: [Int]) -> Bool {
        let others = LibraryVersion.isLegacy ? nil : answersFromVersion1[name]
        return (others ?? [statuses]).contains(replies)
    }
}

/// What libraries from 1.0 on answer by themselves, or turn into what the policy accepts: a folded line is one with
/// spaces, as RFC 9112, 5.2, allows.
private let answersFromVersion1: [String: [[Int]]] = [
    "folded line": [[200]],
    "CL 10^22": [[413], [400]],
    "TE gzip, chunked": [[400], [501]],
    "TE xchunked": [[400], [501]],
    "two TEs": [[400], [501]],
    "NUL in the path": [[]],
    "NUL in the query": [[]],
    "space in the target": [[301]],
    "TE hidden by a fold": [[400], [501]],
    "fold in the last header": [[200]],
    "fold amid headers": [[200]],
]

private let close = "Connection: close\r\n"

/// The 42 of faults.md, 1.5.
private let catalogue: [HostileRequest] = [
    .init("GET", request("GET", "/ok", close), 200),
    .init("HEAD", request("HEAD", "/ok", close), 200, isHead: true),
    .init("no Host", "GET /ok HTTP/1.1\r\n\r\n", 400),
    .init("two Hosts", request("GET", "/ok", "Host: localhost\r\n"), 400),
    .init("HTTP/1.0", "GET /ok HTTP/1.0\r\nHost: localhost\r\n\r\n", 200),
    .init("HTTP/0.9", "GET /ok\r\n\r\n", 400),
    .init("HTTP/9.9", "GET /ok HTTP/9.9\r\nHost: localhost\r\n\r\n", 505),
    .init("garbage version", "GET /ok HTTQ/x\r\nHost: localhost\r\n\r\n", 400),
    .init("LF only", "GET /ok HTTP/1.1\nHost: localhost\nConnection: close\n\n", 200),
    .init("absolute form", request("GET", "http://evil/health"), 400),
    .init("%00 in the path", request("GET", "/ok%00x"), 400),
    .init("%0d%0a and ESC in the path", request("GET", "/ok%0d%0a\u{1b}[31m"), 400),
    .init("raw ESC in the path", request("GET", "/ok\u{1b}[31m"), 400),
    .init("space before the colon", request("GET", "/ok", "X-A : b\r\n"), 400),
    .init("folded line", request("GET", "/ok", "X-A: b\r\n c\r\n"), 400),
    .init("header without colon", request("GET", "/ok", "X-A\r\n"), 400),
    .init("NUL in a header", request("GET", "/ok", "X-A: b\0c\r\n"), 400),
    .init("CL and TE", request("POST", "/ok", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + smuggled, 411),
    .init("two CLs", request("POST", "/ok", "Content-Length: 0\r\nContent-Length: 5\r\n") + "hello", 400),
    .init("CL +5", request("POST", "/ok", "Content-Length: +5\r\n") + "hello", 400),
    .init("CL 5, 5", request("POST", "/ok", "Content-Length: 5, 5\r\n") + "hello", 400),
    .init("CL -1", request("POST", "/ok", "Content-Length: -1\r\n"), 400),
    .init("CL 10^22", request("POST", "/ok", "Content-Length: 10000000000000000000000\r\n"), 413),
    .init("TE gzip, chunked", request("POST", "/ok", "Transfer-Encoding: gzip, chunked\r\n") + smuggled, 411),
    .init("TE xchunked", request("POST", "/ok", "Transfer-Encoding: xchunked\r\n") + smuggled, 411),
    .init("two TEs", request("POST", "/ok", "Transfer-Encoding: a\r\nTransfer-Encoding: chunked\r\n") + smuggled, 411),
    .init("chunk extension, trailer", request("POST", "/ok", chunked) + "1;a=b\r\nx\r\n0\r\nX-T: y\r\n\r\n", 411),
    .init("bad chunk size", request("POST", "/ok", chunked) + "xyz\r\n", 411),
    .init("negative chunk size", request("POST", "/ok", chunked) + "-1\r\nx\r\n", 411),
    .init("TE in HTTP/1.0", "POST /ok HTTP/1.0\r\nHost: localhost\r\n\(chunked)\r\n0\r\n\r\n", 411),
    .init("GET with body", request("GET", "/ok", "Content-Length: 5\r\n") + "hello", 400),
    .init("Expect", request("GET", "/ok", "Expect: 100-continue\r\n"), 417),
    .init("Expect with body", request("POST", "/ok", "Expect: 100-continue\r\nContent-Length: 5\r\n"), 400),
    .init(
        "a large body", request("POST", "/ok", "Content-Length: 2000\r\n") + String(repeating: "x", count: 2000), 413),
    .init("3 pipelined", request() + request() + request("GET", "/ok", close), 200, 200, 200),
    .init("URL of 40 kB", request("GET", "/" + String(repeating: "a", count: 40_000)), 414),
    .init("header of 40 kB", request("GET", "/ok", "X-A: " + String(repeating: "a", count: 40_000) + "\r\n"), 431),
    .init("2,000 headers", request("GET", "/ok", String(repeating: "X-A: bcd\r\n", count: 2_000)), 431),
    .init("OPTIONS *", request("OPTIONS", "*"), 200),
    .init("GET *", request("GET", "*"), 400),
    .init("HTTP/1.0 without Host", "GET /ok HTTP/1.0\r\n\r\n", 200),
    .init("TLS hello", "\u{16}\u{3}\u{1}\u{1}\0\u{1}\0\u{0}\u{3}\u{3}"),
    .init("leading CRLFs", "\r\n\r\n" + request("GET", "/ok", close), 200),
    .init("half-closed GET", request(), 200, isFinished: true),
]

/// What was found beside them.
private let further: [HostileRequest] = [
    .init("unknown method", request("helloGET"), 405),
    .init("TRACE", request("TRACE"), 405),
    .init("method in lower case", request("get"), 405),
    .init("CONNECT", request("CONNECT", "evil:443"), 405),
    .init("NUL in the path", request("GET", "/o\0k"), 400),
    .init("NUL in the query", request("GET", "/ok?a\0b"), 400),
    .init("ESC in the query", request("GET", "/ok?\u{1b}"), 400),
    .init("space in the target", request("GET", "/ok x"), 400),
    .init("no slash", request("GET", "ok"), 400),
    .init("percent in the query", request("GET", "/ok?a=%31", close), 200),
    .init("TE hidden by a fold", request("POST", "/ok", "Transfer-Encoding: chunked\r\n x\r\n") + smuggled, 400),
    .init("CL hidden by a fold", request("POST", "/ok", "Content-Length: 5\r\n x\r\n") + "hello", 400),
    .init("fold in the last header", "GET /ok HTTP/1.1\r\nHost: localhost\r\n x\r\n\r\n", 400),
    .init("fold amid headers", request("GET", "/ok", "X-A: b\r\n c\r\nX-B: d\r\n"), 400),
    .init("NUL amid headers", request("GET", "/ok", "X-A: b\0c\r\nX-B: d\r\n"), 400),
    .init("NUL in the Host", "GET /ok HTTP/1.1\r\nHost: localhost\0.evil\r\n\r\n", 400),
    .init("NUL in a name", request("GET", "/ok", "X\0A: b\r\n"), 400),
    .init("no name", request("GET", "/ok", ": b\r\n"), 400),
    .init("cookies that the library misreads", request("GET", "/ok", "Cookie: =; a=\"\r\n\(close)"), 200),
    .init("CR in a value", request("GET", "/ok", "X-A: b\rc\r\n"), 400),
    .init("empty CL", request("POST", "/ok", "Content-Length: \r\n"), 400),
    .init("CL 0", request("POST", "/ok", "Content-Length: 0\r\n\(close)"), 200),
    .init("CL twice the same", request("POST", "/ok", "Content-Length: 0\r\nContent-Length: 0\r\n"), 400),
    .init("refused, then pipelined", request("TRACE") + request(), 405),
    .init("many headers", request("GET", "/ok", String(repeating: "X-A: bcd\r\n", count: 200) + close), 200),
    .init("header of 12 kB", request("GET", "/ok", "X-A: \(String(repeating: "a", count: 12_000))\r\n\(close)"), 200),
    .init("Expect in HTTP/1.0", "GET /ok HTTP/1.0\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n", 200),
]

private let chunked = "Transfer-Encoding: chunked\r\n"
private let smuggled = "0\r\n\r\n" + request("GET", "/smuggled")

/// What a large head is large by.
enum HeadShape: CaseIterable {
    case target, parameters, oneHeader, headers, shortHeaders, cookie, cookies

    func request(size: Int) -> String {
        func fill(_ part: String) -> String { String(repeating: part, count: size / part.utf8.count) }
        return switch self {
        case .target: MicroHTTPDTests.request("GET", "/\(fill("a"))", close)
        case .parameters: MicroHTTPDTests.request("GET", "/ok?\(fill("a=b&"))", close)
        case .oneHeader: MicroHTTPDTests.request("GET", "/ok", "X-A: \(fill("a"))\r\n\(close)")
        case .headers:
            MicroHTTPDTests.request("GET", "/ok", fill("X-A: \(String(repeating: "a", count: 240))\r\n") + close)
        case .shortHeaders: MicroHTTPDTests.request("GET", "/ok", fill("X: a\r\n") + close)
        case .cookie: MicroHTTPDTests.request("GET", "/ok", "Cookie: a=\(fill("a"))\r\n\(close)")
        case .cookies: MicroHTTPDTests.request("GET", "/ok", "Cookie: \(fill("a=b; "))\r\n\(close)")
        }
    }
}

extension LiveServerTests {
    @Suite struct HostileRequestTests {
        @Test(arguments: catalogue + further)
        func isAnsweredOnce(_ hostile: HostileRequest) throws {
            let paths = Mailbox<String>()
            try withServer({ $0.inactivityTimeout = .seconds(1) }, handler: answering(paths)) { _, endpoint in
                let client = try Client(endpoint)
                client.send(hostile.bytes)
                if hostile.isFinished { client.finishSending() }
                let replies = try #require(client.replies(toHead: hostile.isHead))
                #expect(hostile.allows(replies.map(\.status)), "\(replies.map(\.status))")
                #expect(client.end == .closed)
                #expect(paths.all.allSatisfy { $0 == "/ok" || $0 == "*" })
                let isRefused = replies.last.map { $0.status >= 400 } ?? false
                if isRefused { #expect(replies.last?.values("connection").map { $0.lowercased() } == ["close"]) }
            }
        }

        /// However the bytes are cut, the answer is the same.
        @Test(arguments: catalogue.filter { $0.bytes.count < 400 && !$0.statuses.isEmpty && !$0.isFinished })
        func isAnsweredOnceByteByByte(_ hostile: HostileRequest) throws {
            try withServer { _, endpoint in
                let client = try Client(endpoint)
                for byte in hostile.bytes { client.send([byte]) }
                let replies = try #require(client.replies(toHead: hostile.isHead))
                #expect(hostile.allows(replies.map(\.status)), "\(replies.map(\.status))")
                #expect(client.end == .closed)
            }
        }

        /// At no size does the head of a request leave too little memory for that of the answer.
        @Test(arguments: HeadShape.allCases)
        func headOfAnySizeIsAnswered(_ shape: HeadShape) throws {
            let headers = (0..<8).map { HTTPResponse.Header("X-Answer-\($0)", String(repeating: "a", count: 120)) }
            var statuses: [Int] = []
            try withServer(handler: { _ in .response(HTTPResponse(status: 200, headers: headers)) }) { _, endpoint in
                for size in stride(from: 1_000, to: 36_000, by: 500) {
                    let client = try Client(endpoint)
                    client.send(shape.request(size: size))
                    let replies = try #require(client.replies())
                    // Only where even a refusal finds no room is there none.
                    #expect(replies.count == 1 || replies.isEmpty && statuses.last == 431, "\(size) bytes")
                    statuses += replies.map(\.status)
                }
            }
            #expect(statuses.allSatisfy { [200, 414, 431].contains($0) })
            #expect(statuses.first == 200)
            #expect(statuses.count >= 67)
        }

        /// Libraries from 1.0 on copy a cookie to parse it, and keep a record of each and of each parameter.
        @Test func memoryOfAHead_countsWhatTheLibraryMakesOfIt() {
            func memory(_ target: String, cookie: String) -> Int {
                let field = RequestHead.Field(name: "cookie", value: Array(cookie.utf8))
                return RequestHead(
                    method: "GET", version: "HTTP/1.1", target: Array(target.utf8), fields: [field], isComplete: true
                ).memory
            }
            let plain = memory("/?a", cookie: "a=b")
            #expect(memory("/?a", cookie: "a=bcd") == plain + 4)
            #expect(memory("/?a", cookie: "a=b;c") == plain + 4 + 64)
            #expect(memory("/?a&b", cookie: "a=b") == plain + 2 + 64)
        }

        private func answering(_ paths: Mailbox<String>) -> @Sendable (HTTPRequest) -> HTTPReply {
            { request in
                paths.put(request.path)
                return .response(.text("ok"))
            }
        }
    }
}
