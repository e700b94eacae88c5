import Testing

@testable import AdminClient

@Suite("Answers of servers that may be anything")
struct HTTPResponseParserTests {
    /// The result of parsing `text`, followed by the end of file, in pieces of this many bytes.
    private func parse(_ text: String, pieces: Int = .max) throws(HTTPFormatError) -> HTTPAnswer? {
        var parser = HTTPResponseParser()
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            try parser.consume(Array(rest.prefix(pieces)))
            rest = rest.dropFirst(pieces)
        }
        try parser.endOfFile()
        return parser.completeAnswer
    }

    private func error(_ text: String) -> HTTPFormatError? {
        do throws(HTTPFormatError) {
            _ = try parse(text)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [Int.max, 1, 2, 3, 7])
    func contentLength_endsTheAnswer(pieces: Int) throws {
        let answer = try parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b \r\n\r\nhellothe rest", pieces: pieces)
        #expect(answer?.status == 200)
        #expect(answer?.body == Array("hello".utf8))
        #expect(answer?.values(of: "x-a") == ["b"])
    }

    @Test(arguments: [Int.max, 1, 2, 5])
    func chunks_areJoined(pieces: Int) throws {
        let text =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nB\r\n, echo body\r\n0\r\nT: x\r\n\r\n"
        #expect(try parse(text, pieces: pieces)?.body == Array("hello, echo body".utf8))
    }

    @Test func manySmallChunks_areNoHead() throws {
        let chunks = String(repeating: "1\r\nx\r\n", count: 50_000)
        let answer = try parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n")
        #expect(answer?.body.count == 50_000)
    }

    @Test func withoutLength_theEndOfFileEndsIt() throws {
        #expect(try parse("HTTP/1.0 503 x\r\n\r\nstate")?.body == Array("state".utf8))
    }

    @Test func answersWithoutBody_areCompleteAtOnce() throws {
        var parser = HTTPResponseParser()
        try parser.consume(Array("HTTP/1.1 204\r\nContent-Length: 9\r\n\r\n".utf8))
        #expect(parser.completeAnswer?.status == 204)
    }

    @Test func interimAnswers_areSkipped() throws {
        let text = "HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200 OK\nContent-Length: 0\n\n"
        #expect(try parse(text)?.headers == [.init(name: "content-length", value: "0")])
    }

    @Test(
        arguments: [
            "SSH-2.0-OpenSSH_9.2\r\n", "\r\nHTTP/1.1 200 OK\r\n", "HTTP/2 200\r\n", "HTTP/1.1 2000 OK\r\n",
            "HTTP/1.1 +20 OK\r\n", "HTTP/1.1 099 x\r\n", "HTTP/1.1  200 OK\r\n", "\0\0\0\n",
        ])
    func noStatusLine_isMalformed(text: String) {
        #expect(error(text)?.description == "the answer does not begin with an HTTP/1 status line")
        #expect(error(text)?.isTruncated == false)
    }

    @Test(
        arguments: [
            "no colon", ": no name", "Space : x", " folded", "Bell: \u{7}", "Content-Length: -1", "Content-Length: +5",
            "Content-Length: 99999999999999999999", "Content-Length: 17000000", "Content-Length: 5, 5",
            "Content-Length: 1\r\nContent-Length: 1", "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 3",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        ])
    func ambiguousHeaders_areRefused(line: String) {
        let failure = error("HTTP/1.1 200 OK\r\n\(line)\r\n\r\n0\r\n\r\n")
        #expect(failure?.isTruncated == false, "\(String(describing: failure))")
    }

    @Test(arguments: ["x\r\n", "\r\n", "-1\r\n", "FFFFFFFFFFFFFFFFFF\r\n", "2000000\r\n", "2\r\nabc\r\n0\r\n\r\n"])
    func garbageAmongChunks_isRefused(chunks: String) {
        #expect(error("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)")?.isTruncated == false)
    }

    @Test(
        arguments: [
            "", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
        ])
    func earlyEnd_isTruncation(text: String) {
        #expect(error(text)?.isTruncated == true)
    }

    @Test func endlessHeaders_areCutOff() {
        let many = String(repeating: "A: b\r\n", count: 20_000)
        #expect(error("HTTP/1.1 200 OK\r\n\(many)")?.description.contains("headers are longer") == true)
        let long = String(repeating: "a", count: 100_000)
        #expect(error(long)?.description.contains("headers are longer") == true)
        let interim = String(repeating: "HTTP/1.1 102 x\r\n\r\n", count: 10_000)
        #expect(error(interim)?.description.contains("headers are longer") == true)
        let trailers = String(repeating: "A: b\r\n", count: 20_000)
        #expect(error("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\(trailers)") != nil)
    }

    @Test func endlessBody_isCutOff() throws {
        var parser = HTTPResponseParser()
        try parser.consume(Array("HTTP/1.1 200 OK\r\n\r\n".utf8))
        let piece = [UInt8](repeating: 120, count: 1 << 20)
        for _ in 0..<16 { try parser.consume(piece) }
        #expect(throws: HTTPFormatError.self) { try parser.consume([120]) }
    }
}
