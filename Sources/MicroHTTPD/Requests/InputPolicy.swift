internal import Basics

/// The head of a request as the client sent it, before any of it is trusted.
struct RequestHead {
    struct Field {
        /// In lower case.
        var name: String
        var value: [UInt8]
    }

    var method: String
    var version: String
    /// The raw target, query included.
    var target: [UInt8]
    var fields: [Field]
    /// False when the library's reading of the head leaves bytes out: a NUL, a folded line.
    var isComplete: Bool

    /// Bytes of the connection's memory that the library has spent on the head, roughly and never too few: the head
    /// itself, and a record for each header, parameter and cookie. Libraries from 1.0 on also parse cookies, in a copy.
    var memory: Int {
        let cookies = values(of: "cookie").reduce(0) { $0 + $1.count + 64 * (1 + Self.count(";", in: $1)) }
        let head = fields.reduce(target.count + 256) { $0 + $1.name.utf8.count + $1.value.count + 64 }
        return head + cookies + 64 * Self.count("&", in: target)
    }

    private static func count(_ separator: Unicode.Scalar, in text: [UInt8]) -> Int {
        text.count { $0 == UInt8(ascii: separator) }
    }

    /// The target without its query; nil if a handler must not get it.
    var path: String? {
        if isForWholeServer { return "*" }
        let path = target.prefix { $0 != UInt8(ascii: "?") }
        guard path.first == UInt8(ascii: "/"), path.allSatisfy({ $0.isVisibleASCII && $0 != UInt8(ascii: "%") })
        else { return nil }
        return String(decoding: path, as: UTF8.self)
    }

    /// `OPTIONS *` (RFC 9112, 3.2.4).
    var isForWholeServer: Bool { method == HTTPMethod.options.rawValue && target == [UInt8(ascii: "*")] }

    func values(of name: String) -> [[UInt8]] {
        fields.filter { $0.name == name }.map(\.value)
    }
}

/// Refuses what the library would let through but must not reach a handler (faults.md, 1.6). Pure. The first broken
/// rule names the refusal. Rules about the request's length come first, because they decide where the next request
/// begins.
enum InputPolicy {
    enum Verdict: Equatable {
        case accepted(HTTPRequest)
        case rejected(HTTPRejection)
    }

    /// A body larger than this is too large rather than misplaced.
    static let bodyLimit = 1024

    /// `memoryLimit`: a quarter of it is kept for the head of the answer, which the library needs for sending it. (In
    /// the last bytes below the limit the library has no room for a refusal either, and closes the connection
    /// silently.)
    static func judge(_ head: RequestHead, from peer: HTTPPeer, memoryLimit: Int) -> Verdict {
        if let rejection = framing(head) ?? fields(head) { return .rejected(rejection) }
        guard head.memory <= memoryLimit / 4 * 3 else { return .rejected(.headTooLarge) }
        guard let method = HTTPMethod(rawValue: head.method) else { return .rejected(.method) }
        guard head.isForWholeServer || head.target.first == UInt8(ascii: "/") else { return .rejected(.targetForm) }
        guard let path = head.path, head.target.allSatisfy(\.isVisibleASCII) else { return .rejected(.targetBytes) }
        let query = head.target.firstIndex(of: UInt8(ascii: "?")).map { head.target[($0 + 1)...] }
        return .accepted(
            HTTPRequest(
                method: method, path: path, query: query.map { String(decoding: $0, as: UTF8.self) },
                headers: head.fields.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }, peer: peer))
    }

    private static func framing(_ head: RequestHead) -> HTTPRejection? {
        guard head.values(of: "transfer-encoding").isEmpty else { return .transferEncoding }
        let lengths = head.values(of: "content-length")
        guard lengths.count <= 1 else { return .repeatedContentLength }
        guard let digits = lengths.first else { return nil }
        guard !digits.isEmpty, digits.allSatisfy(\.isASCIIDigit) else {
            return .malformedContentLength
        }
        // More digits than fit in an Int are still a number, and a large one.
        let length = Int(String(decoding: digits, as: UTF8.self)) ?? .max
        return length == 0 ? nil : length > bodyLimit ? .bodyTooLarge : .body
    }

    private static func fields(_ head: RequestHead) -> HTTPRejection? {
        let isSound = head.fields.allSatisfy { field in
            !field.name.isEmpty && field.name.utf8.allSatisfy(\.isTokenByte)
                && field.value.allSatisfy { $0 == UInt8(ascii: "\t") || $0 >= 32 && $0 != 127 }
        }
        guard head.isComplete, isSound else { return .malformedHead }
        // Probes of HTTP/1.0 send none (RFC 9112, 3.2: it is required from 1.1 on). A browser always does.
        let hosts = head.values(of: "host").count
        guard hosts == 1 || hosts == 0 && head.version == "HTTP/1.0" else { return .hostCount }
        // HTTP/1.0 has no expectations: there the header means nothing.
        guard head.version == "HTTP/1.0" || head.values(of: "expect").isEmpty else { return .expectation }
        return nil
    }
}
