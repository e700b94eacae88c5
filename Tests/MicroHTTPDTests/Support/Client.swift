import Glibc

/// One answer as it stood on the wire.
struct Reply: Equatable {
    var status: Int
    /// Names in lower case.
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    func values(_ name: String) -> [String] {
        headers.filter { $0.name == name }.map(\.value)
    }

    static func == (left: Reply, right: Reply) -> Bool {
        left.status == right.status && left.body == right.body
    }
}

/// A client that sends exactly the bytes it is told to.
final class Client {
    enum End: Equatable { case open, closed, reset, timedOut }

    let descriptor: Int32
    private(set) var received: [UInt8] = []
    private(set) var end = End.open

    init(_ endpoint: Endpoint, receiveBuffer: Int32? = nil) throws {
        descriptor = try Sockets.connect(to: endpoint, receiveBuffer: receiveBuffer)
    }

    /// From a Unix socket with a name of its own.
    init(_ endpoint: Endpoint, from path: String) throws {
        descriptor = try Sockets.connect(to: endpoint, from: path)
    }

    /// The close sends a reset.
    func resetOnClose() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    deinit {
        close(descriptor)
    }

    func send(_ text: String) {
        send(Array(text.utf8))
    }

    /// Stops silently when the server has closed: what it answered is the matter.
    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    func readToEnd() {
        while readSome() {}
    }

    func read(until isEnough: ([UInt8]) -> Bool) {
        while !isEnough(received), readSome() {}
    }

    /// Takes so many bytes from what was received.
    func take(_ count: Int) {
        received.removeFirst(count)
    }

    /// Reads one whole answer and takes it from what was received.
    func readReply(toHead: Bool = false) -> Reply? {
        read { Self.parse($0, toHead: toHead) != nil }
        guard let (reply, length) = Self.parse(received, toHead: toHead) else { return nil }
        received.removeFirst(length)
        return reply
    }

    /// All answers to the end of the connection; nil when what came is not a row of whole answers.
    func replies(toHead: Bool = false) -> [Reply]? {
        readToEnd()
        var replies: [Reply] = []
        while !received.isEmpty {
            guard let (reply, length) = Self.parse(received, toHead: toHead) else { return nil }
            replies.append(reply)
            received.removeFirst(length)
        }
        return replies
    }

    private func readSome() -> Bool {
        guard end == .open else { return false }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else {
            end = count == 0 ? .closed : errno == EAGAIN ? .timedOut : .reset
            return false
        }
        received += buffer[..<count]
        return true
    }

    private static func parse(_ bytes: [UInt8], toHead: Bool) -> (Reply, Int)? {
        let mark = Array("\r\n\r\n".utf8)
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else { return nil }
        let lines = String(decoding: bytes[..<start], as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count > 1, words[0] == "HTTP/1.1" || words[0] == "HTTP/1.0", let status = Int(words[1]) else {
            return nil
        }
        let headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (name: parts[0].lowercased(), value: String(parts.last?.drop { $0 == " " } ?? ""))
        }
        let length = toHead ? 0 : headers.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
        let end = start + 4 + length
        guard bytes.count >= end else { return nil }
        return (Reply(status: status, headers: headers, body: Array(bytes[(start + 4)..<end])), end)
    }
}
