internal import Basics

/// The lines of a response's head, and what they say about the body.
enum HTTPHead {
    enum Framing: Hashable {
        /// 1xx: another head follows.
        case interim
        case length(Int)
        case chunked
        case untilEnd
    }

    /// `HTTP/1.1 200 OK`; the phrase may be missing.
    static func status(_ line: [UInt8]) throws(HTTPFormatError) -> Int {
        let failure = HTTPFormatError(description: "the answer does not begin with an HTTP/1 status line")
        let parts = line.split(separator: space, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, [Array("HTTP/1.1".utf8), Array("HTTP/1.0".utf8)].contains(Array(parts[0])),
            parts[1].count == 3, let status = number(parts[1], radix: 10), (100...599).contains(status)
        else { throw failure }
        return status
    }

    static func header(_ line: [UInt8]) throws(HTTPFormatError) -> HTTPAnswer.Header {
        // A space before the colon or at the beginning (a folded line) is how answers are smuggled (RFC 9112, 5).
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0, line[..<colon].allSatisfy(\.isTokenByte)
        else { throw HTTPFormatError(description: "a header line is malformed") }
        let isBlank = { (byte: UInt8) in byte == space || byte == UInt8(ascii: "\t") }
        let value = line[(colon + 1)...].drop(while: isBlank).reversed().drop(while: isBlank).reversed()
        guard !value.contains(where: { ($0 < 32 && $0 != UInt8(ascii: "\t")) || $0 == 127 }) else {
            throw HTTPFormatError(description: "a header holds a control character")
        }
        return HTTPAnswer.Header(
            name: String(decoding: line[..<colon], as: UTF8.self).lowercased(),
            value: String(decoding: Array(value), as: UTF8.self))
    }

    /// The length in hexadecimal digits, before any extension.
    static func chunkSize(_ line: [UInt8]) throws(HTTPFormatError) -> Int {
        let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != space }
        guard let size = number(digits, radix: 16) else {
            throw HTTPFormatError(description: "the length of a chunk is not a number")
        }
        return size
    }

    /// RFC 9112, section 6.3, except that anything ambiguous is an error.
    static func framing(_ answer: HTTPAnswer) throws(HTTPFormatError) -> Framing {
        if (100..<200).contains(answer.status) { return .interim }
        if answer.status == 204 || answer.status == 304 { return .length(0) }
        let codings = answer.values(of: "transfer-encoding")
        let lengths = answer.values(of: "content-length")
        switch (codings.count, lengths.count) {
        case (0, 0): return .untilEnd
        case (1, 0) where codings[0].lowercased() == "chunked": return .chunked
        case (0, 1):
            guard let length = number(lengths[0].utf8, radix: 10) else {
                throw HTTPFormatError(description: "the Content-Length is not a number")
            }
            return .length(length)
        default: throw HTTPFormatError(description: "the headers do not say how long the answer is")
        }
    }

    private static let space = UInt8(ascii: " ")

    /// Digits only, because `Int.init` would also take a sign. Also nil if the number does not fit.
    private static func number(_ digits: some Collection<UInt8>, radix: Int) -> Int? {
        guard !digits.isEmpty, digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else {
            return nil
        }
        return Int(String(decoding: Array(digits), as: UTF8.self), radix: radix)
    }
}
