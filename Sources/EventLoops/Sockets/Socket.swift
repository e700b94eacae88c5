internal import CLinux
internal import Glibc

/// A stream socket: non-blocking, close-on-exec. Any thread may make any call; the socket's owner decides which thread
/// does.
package struct Socket: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    package var number: Int32 { descriptor.number }

    /// Takes over a descriptor.
    package init(owning number: Int32) {
        descriptor = FileDescriptor(owning: number)
    }

    init(family: Int32) throws(SystemCallError) {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        descriptor = FileDescriptor(owning: try systemCall("socket") { socket(family, type, 0) })
    }

    /// Begins to connect to `address`. When the socket becomes writable, it is connected or has failed; `pendingError`
    /// tells which. Throws errors that are known at once, such as a Unix socket without a listener.
    package init(connectingTo address: SocketAddress) throws(SystemCallError) {
        let socket = try Socket(family: address.family)
        let number = socket.number
        let code = try address.withSockaddr { (pointer, length) throws(SystemCallError) -> Int32 in
            Glibc.connect(number, pointer, length) == 0 ? 0 : errno
        }
        // After an interruption the connecting continues (connect(2)).
        guard code == 0 || code == EINPROGRESS || code == EINTR else {
            throw SystemCallError(call: "connect", code: code)
        }
        self = socket
    }

    /// Makes the kernel probe a peer that has been silent for long: it finds out in about half a minute that the peer's
    /// host is gone.
    package func keepAlive() throws(SystemCallError) {
        try setOption(SOL_SOCKET, SO_KEEPALIVE, 1)
        try setOption(Int32(IPPROTO_TCP), TCP_KEEPIDLE, 15)
        try setOption(Int32(IPPROTO_TCP), TCP_KEEPINTVL, 5)
        try setOption(Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
    }

    /// Gives the descriptor away; its new owner closes it.
    package consuming func release() -> Int32 { descriptor.release() }

    // MARK: Bytes

    /// recv(2) into the front of `buffer`. With `peek` the bytes stay in the kernel.
    @inline(__always)
    package func receive(into buffer: ScratchBuffer, atMost limit: Int, peek: Bool = false) -> Transfer {
        let number = self.number
        let bytes = buffer.extracting(0..<limit)
        return transfer { Kernel.calls.recv(number, bytes.baseAddress, bytes.count, peek ? Int32(MSG_PEEK) : 0) }
    }

    /// send(2) of a part of `buffer`, never with SIGPIPE.
    @inline(__always)
    package func send(_ buffer: ScratchBuffer, _ range: Range<Int>) -> Transfer {
        send(UnsafeBufferPointer(buffer.extracting(range)))
    }

    /// send(2) of `bytes` from `start` on, never with SIGPIPE.
    package func send(_ bytes: [UInt8], from start: Int = 0) -> Transfer {
        bytes.withUnsafeBufferPointer { send($0.extracting(start..<$0.count)) }
    }

    @inline(__always)
    private func send(_ bytes: UnsafeBufferPointer<UInt8>) -> Transfer {
        let number = self.number
        return transfer { Kernel.calls.send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Sends FIN after what was written. A peer that is gone is not an error: the next read sees its reset. Returns nil
    /// on success.
    package func shutdownWriting() -> FailedCall? {
        while Kernel.calls.shutdown(number, Int32(SHUT_WR)) != 0 {
            switch errno {
            case EINTR: continue
            case ENOTCONN: return nil
            case let code: return FailedCall(errno: code)
            }
        }
        return nil
    }

    /// On a Unix listener: refuses later clients at once, while those in the queue can still be accepted.
    package func shutdownReading() {
        _ = Kernel.calls.shutdown(number, Int32(SHUT_RD))
    }

    /// Makes the next close send RST and discard what waits in both directions (SO_LINGER with time 0).
    package func setResetOnClose() {
        var value = linger(l_onoff: 1, l_linger: 0)
        _ = setsockopt(number, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }

    // MARK: What the kernel knows

    /// Bytes received and not yet read (SIOCINQ).
    package var unreadBytes: Int { queue(UInt(CLINUX_SIOCINQ)) }

    /// Bytes written and not acknowledged (SIOCOUTQ). Our FIN counts as one; on Unix sockets it counts buffers.
    package var unacknowledgedBytes: Int { queue(UInt(CLINUX_SIOCOUTQ)) }

    private func queue(_ request: UInt) -> Int {
        var count: Int32 = 0
        return Kernel.calls.ioctl(number, request, &count) == 0 ? Int(count) : 0
    }

    /// A lower bound, in nanoseconds, on the time since the peer last acknowledged bytes; nil if the kernel cannot tell
    /// (Unix sockets).
    package var sinceAcknowledgement: Int64? {
        var info = tcp_info()
        var length = socklen_t(MemoryLayout<tcp_info>.size)
        guard getsockopt(number, Int32(IPPROTO_TCP), TCP_INFO, &info, &length) == 0 else { return nil }
        // The answer to a keepalive probe is an acknowledgement too, but the last bytes were acknowledged within a
        // retransmission timeout of being sent. The coarsest tick of the kernel's clock is subtracted.
        let sinceBytes = Int64(info.tcpi_last_data_sent) - Int64(info.tcpi_rto) / 1_000
        return max(0, max(Int64(info.tcpi_last_ack_recv), sinceBytes) - 10) * 1_000_000
    }

    /// What has happened to the connection so far.
    package var readiness: Readiness {
        var entry = pollfd(
            fd: number, events: Int16(POLLIN | POLLOUT | POLLPRI) | Int16(CLINUX_POLLRDHUP), revents: 0)
        guard Kernel.calls.poll(&entry, 0) > 0 else { return [] }
        return Readiness(rawValue: UInt32(UInt16(bitPattern: entry.revents)))
    }

    /// The error that a failed connection carries; 0 for none. Reading clears it.
    package var pendingError: Int32 { (try? option(SOL_SOCKET, SO_ERROR)) ?? 0 }

    /// getsockname(2).
    package func localAddress() throws(SystemCallError) -> SocketAddress {
        let number = self.number
        return try Self.address("getsockname") { getsockname(number, $0, $1) }
    }

    static func address(
        _ call: StaticString, _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) throws(SystemCallError) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &length) }
        }
        guard result >= 0 else { throw SystemCallError(call: call.description, code: errno) }
        return withUnsafeBytes(of: storage) { SocketAddress($0, length: Int(length)) }
    }

    // MARK: Options

    package func setOption(_ level: Int32, _ name: Int32, _ value: Int32) throws(SystemCallError) {
        var value = value
        let number = self.number
        try systemCall("setsockopt") {
            setsockopt(number, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    package func option(_ level: Int32, _ name: Int32) throws(SystemCallError) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        let number = self.number
        try systemCall("getsockopt") { getsockopt(number, level, name, &value, &length) }
        return value
    }
}

/// The buffer that all connections of a loop read into. Loop's thread only.
///
/// An unsafe pointer and not an array: recv(2) fills it, and it is handed out without copies or uniqueness checks.
package final class ScratchBuffer {
    private let bytes: UnsafeMutableBufferPointer<UInt8>

    package init(capacity: Int) {
        bytes = .allocate(capacity: capacity)
        bytes.initialize(repeating: 0)
    }

    deinit {
        bytes.deallocate()
    }

    package var capacity: Int { bytes.count }

    /// The first `count` bytes, to look at and to change.
    @inline(__always)
    package func withBytes<Result>(_ count: Int, _ body: (inout MutableSpan<UInt8>) -> Result) -> Result {
        var span = bytes.extracting(0..<count).mutableSpan
        return body(&span)
    }

    /// A copy.
    package subscript(range: Range<Int>) -> [UInt8] { Array(bytes[range]) }

    func extracting(_ range: Range<Int>) -> UnsafeMutableBufferPointer<UInt8> { bytes.extracting(range) }
}
