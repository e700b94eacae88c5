/// An HTTP/1.1 response, whole.
package struct HTTPAnswer: Hashable, Sendable {
    package var status: Int
    /// In the order of arrival, names in lower case.
    package var headers: [Header]
    package var body: [UInt8]

    package init(status: Int, headers: [Header], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package struct Header: Hashable, Sendable {
        package var name: String
        package var value: String
    }

    /// All values of a header; `name` in lower case.
    package func values(of name: String) -> [String] {
        headers.filter { $0.name == name }.map(\.value)
    }
}

/// Why bytes are not an HTTP response that a client may use.
package struct HTTPFormatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, for a person. It quotes nothing from the answer.
    package var description: String
    /// Nothing is wrong with what came, but it stopped too early.
    package var isTruncated = false
}

/// Reads one response as its bytes arrive. Pure; it trusts no server: every part has a bound, and where two readings
/// are possible (RFC 9112, 6.3) it takes neither.
package struct HTTPResponseParser {
    /// How many bytes a status line with all headers may have, including trailers and interim (1xx) heads.
    package static let headLimit = 65_536
    /// A thousand connections are 400 KB.
    package static let bodyLimit = 16 << 20

    private enum Phase: Hashable {
        case statusLine, headers
        case body(left: Int)
        case chunkSize
        case chunk(left: Int)
        case chunkEnd, trailer
        /// Neither length nor chunks: up to the end of file.
        case restOfStream
        case complete
    }

    private var phase = Phase.statusLine
    private var line: [UInt8] = []
    private var headBytes = 0
    private var answer = HTTPAnswer(status: 0, headers: [], body: [])

    package init() {}

    /// The response, once all of it is here. What follows it is ignored: nothing more was asked for.
    package var completeAnswer: HTTPAnswer? { phase == .complete ? answer : nil }

    /// Takes the next bytes.
    package mutating func consume(_ bytes: [UInt8]) throws(HTTPFormatError) {
        var rest = bytes[...]
        while !rest.isEmpty && phase != .complete {
            switch phase {
            case .body(let left):
                let count = try take(left, from: &rest)
                phase = count == left ? .complete : .body(left: left - count)
            case .chunk(let left):
                let count = try take(left, from: &rest)
                phase = count == left ? .chunkEnd : .chunk(left: left - count)
            case .restOfStream:
                try take(rest.count, from: &rest)
            case .statusLine, .headers, .chunkSize, .chunkEnd, .trailer:
                if let line = try takeLine(from: &rest) { try read(line) }
            case .complete:
                break
            }
        }
    }

    /// The connection has ended.
    package mutating func endOfFile() throws(HTTPFormatError) {
        switch phase {
        case .complete: break
        case .restOfStream: phase = .complete
        case .statusLine where headBytes == 0:
            throw HTTPFormatError(description: "the connection ended without an answer", isTruncated: true)
        case .statusLine, .headers, .body, .chunkSize, .chunk, .chunkEnd, .trailer:
            throw HTTPFormatError(description: "the connection ended in the middle of the answer", isTruncated: true)
        }
    }

    // MARK: Bytes

    @discardableResult
    private mutating func take(_ wanted: Int, from rest: inout ArraySlice<UInt8>) throws(HTTPFormatError) -> Int {
        let part = rest.prefix(wanted)
        guard answer.body.count + part.count <= Self.bodyLimit else { throw Self.tooLong }
        answer.body += part
        rest = rest.dropFirst(part.count)
        return part.count
    }

    /// A line without its end; nil until its end has arrived. A bare LF ends one too (RFC 9112, 2.2).
    private mutating func takeLine(from rest: inout ArraySlice<UInt8>) throws(HTTPFormatError) -> [UInt8]? {
        let end = rest.firstIndex(of: UInt8(ascii: "\n"))
        let part = rest[..<(end ?? rest.endIndex)]
        headBytes += part.count + (end == nil ? 0 : 1)
        guard headBytes <= Self.headLimit else {
            throw HTTPFormatError(description: "the headers are longer than \(Self.headLimit) bytes")
        }
        line += part
        rest = end.map { rest[rest.index(after: $0)...] } ?? []
        guard end != nil else { return nil }
        defer { line = [] }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line
    }

    // MARK: Lines

    private mutating func read(_ line: [UInt8]) throws(HTTPFormatError) {
        switch phase {
        case .statusLine:
            answer.status = try HTTPHead.status(line)
            phase = .headers
        case .headers where line.isEmpty:
            try headEnded()
        case .headers:
            answer.headers.append(try HTTPHead.header(line))
        case .chunkSize:
            let size = try HTTPHead.chunkSize(line)
            headBytes = 0
            guard size <= Self.bodyLimit else { throw Self.tooLong }
            phase = size == 0 ? .trailer : .chunk(left: size)
        case .chunkEnd:
            guard line.isEmpty else { throw HTTPFormatError(description: "a chunk is longer than its declared size") }
            // Chunks of a byte each are allowed: the limit of the body bounds them.
            headBytes = 0
            phase = .chunkSize
        case .trailer:
            if line.isEmpty { phase = .complete }
        case .body, .chunk, .restOfStream, .complete:
            break
        }
    }

    private mutating func headEnded() throws(HTTPFormatError) {
        switch try HTTPHead.framing(answer) {
        case .interim:
            answer = HTTPAnswer(status: 0, headers: [], body: [])
            phase = .statusLine
        case .length(0): phase = .complete
        case .length(let count):
            guard count <= Self.bodyLimit else { throw Self.tooLong }
            phase = .body(left: count)
        case .chunked: phase = .chunkSize
        case .untilEnd: phase = .restOfStream
        }
    }

    private static let tooLong = HTTPFormatError(description: "the answer is longer than \(bodyLimit) bytes")
}
