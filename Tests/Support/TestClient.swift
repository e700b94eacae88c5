internal import CLinux
internal import Glibc

/// A client with a plain blocking socket, which sends and reads exactly what it is told to.
package final class TestClient {
    /// How the reading side stands.
    package enum End: Hashable, Sendable {
        case open
        /// The server's FIN was read.
        case finished
        case reset
        /// Nothing came within ten seconds.
        case timedOut
    }

    package let descriptor: Int32
    private var isClosed = false
    package private(set) var end = End.open
    /// A write was told of the reset; reads then only see an end.
    private var wasReset = false

    /// Reads end after ten seconds: a test fails rather than hangs. A small `receiveBuffer` makes a slow reader soon.
    package init(_ endpoint: Endpoint, receiveBuffer: Int32? = nil) throws {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        descriptor = socket(endpoint.family, type, 0)
        guard descriptor >= 0 else { throw SocketError("socket") }
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, size)
        if let receiveBuffer { setOption(SOL_SOCKET, SO_RCVBUF, receiveBuffer) }
        let number = descriptor
        guard endpoint.withAddress({ connect(number, $0, $1) }) == 0 else {
            let error = SocketError("connect")
            Glibc.close(descriptor)
            isClosed = true
            throw error
        }
        if case .unix = endpoint { return }
        setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    deinit {
        close()
    }

    package func close() {
        if !isClosed { Glibc.close(descriptor) }
        isClosed = true
    }

    /// Closes with RST.
    package func reset() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close()
    }

    private func setOption(_ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, name, &value, 4)
    }

    /// `127.0.0.1:51234`, as the server names this client; of IPv4.
    package var name: String {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutableBytes(of: &address) { bytes in
            _ = bytes.withMemoryRebound(to: sockaddr.self) { getsockname(descriptor, $0.baseAddress, &length) }
        }
        return "127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
    }

    // MARK: Sending

    package func send(_ text: String) {
        send(Array(text.utf8))
    }

    /// Stops silently when the server has closed: what it answered is the matter.
    package func send(_ bytes: [UInt8], flags: Int32 = 0) {
        var sent = 0
        while sent < bytes.count {
            let count = sendSome(bytes[sent...], flags)
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Sends copies of `block`, from where the `sent` bytes sent so far have stopped, until the kernel has taken
    /// nothing for 100 ms: a server that is not merely slow reads no more then. Adds to `sent` what it took.
    package func sendUntilBlocked(_ block: [UInt8], sent: inout Int) {
        let copies = [[UInt8]](repeating: block, count: 1 + 65_536 / block.count).flatMap { $0 }
        while true {
            let count = sendSome(copies[(sent % block.count)...], Int32(MSG_DONTWAIT))
            if count > 0 {
                sent += count
            } else {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                guard errno == EAGAIN, poll(&entry, 1, 100) > 0 else { return }
            }
        }
    }

    private func sendSome(_ bytes: ArraySlice<UInt8>, _ flags: Int32) -> Int {
        let count = bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | flags)
        }
        if count < 0 && (errno == ECONNRESET || errno == EPIPE) { wasReset = true }
        return count
    }

    /// Bytes that the server's kernel has not acknowledged yet.
    package var unacknowledged: Int {
        var count: Int32 = 0
        return clinux_ioctl_int(descriptor, UInt(CLINUX_SIOCOUTQ), &count) == 0 ? Int(count) : 0
    }

    package func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    // MARK: Reading

    /// The next `count` bytes, or what came before the end.
    package func read(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count, let some = readSome(atMost: count - bytes.count) { bytes += some }
        return bytes
    }

    package func readText(_ count: Int) -> String { String(decoding: read(count), as: UTF8.self) }

    package func readToEnd() -> [UInt8] { read(.max) }

    package func readTextToEnd() -> String { String(decoding: readToEnd(), as: UTF8.self) }

    /// nil at the end, which `end` then names.
    private func readSome(atMost limit: Int) -> [UInt8]? {
        guard end == .open else { return nil }
        var buffer = [UInt8](repeating: 0, count: min(limit, 65_536))
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 { return Array(buffer[..<count]) }
        end = count == 0 && !wasReset ? .finished : count < 0 && errno == EAGAIN ? .timedOut : .reset
        return nil
    }

    /// Whether something is there to be read, the end included, without waiting.
    package var hasSomething: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }
}
