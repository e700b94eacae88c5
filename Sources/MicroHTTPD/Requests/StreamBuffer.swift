internal import CMicroHTTPD
internal import Glibc
internal import Threads

/// What a streaming connection still has to send.
struct StreamBuffer {
    enum Phase { case open, finished, over }

    /// A client that is this many bytes behind is cut. What the kernel holds for it (`sendBuffer`) does not count.
    static let limit = 64 * 1024
    /// The send buffer of the socket. The kernel's own choice on loopback is 2.5 MB, which would make the limit
    /// meaningless.
    static let sendBuffer: Int32 = 32 * 1024

    var pending: [UInt8]
    var phase: Phase
    var isSuspended = false
    var endings: [@Sendable () -> Void] = []

    /// A message may have any length if nothing else is pending.
    func hasRoom(for count: Int) -> Bool {
        pending.isEmpty || pending.count + count <= Self.limit
    }

    /// Moves as much as fits, and returns the number of bytes.
    mutating func take(_ target: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(pending.count, target.count)
        target.copyBytes(from: pending[..<count])
        pending.removeFirst(count)
        return count
    }
}

/// What the library's response to a streaming request holds until it is no longer read.
///
/// The library asks for bytes whenever the socket takes some. When there are none the connection is suspended, in that
/// callback; what is sent next resumes it. Both happen with the lock of the `OpenConnections` held, so that neither can
/// miss the other.
final class StreamReader: Identifiable, Sendable {
    let connection: ServerConnection
    private let connections: OpenConnections

    init(_ connection: ServerConnection, of connections: OpenConnections) {
        self.connection = connection
        self.connections = connections
    }

    /// For the library, which gives it back with `streamReleased`. In the handler callback only.
    func makeResponse() -> OpaquePointer? {
        let pointer = Unmanaged.passRetained(self).toOpaque()
        let response = MHD_create_response_from_callback(.max, 16 * 1024, streamRead, pointer, streamReleased)
        if response == nil { Unmanaged<StreamReader>.fromOpaque(pointer).release() }
        return response
    }

    fileprivate func read(into buffer: UnsafeMutablePointer<CChar>, limit: Int) -> Int {
        connections.read(self, into: UnsafeMutableRawBufferPointer(start: buffer, count: limit))
    }

    fileprivate func released() {
        connections.released(self)
    }
}

/// A stream's way to its connection.
///
/// The context is weak: the handler often keeps the object that holds the streams, and the context keeps the handler.
final class ConnectionSink: ResponseSink {
    private weak let context: ServerContext?
    private let reader: StreamReader

    init(context: ServerContext, reader: StreamReader) {
        self.context = context
        self.reader = reader
    }

    func send(_ bytes: [UInt8]) -> Bool {
        context?.connections.send(bytes, on: reader) ?? false
    }

    func finish() {
        context?.connections.finish(reader, now: .now)
    }

    func onEnd(_ body: @escaping @Sendable () -> Void) {
        // A server that is gone has ended all its streams.
        guard let context else { return body() }
        context.connections.onEnd(of: reader, body)
    }
}

private func streamRead(
    _ stream: UnsafeMutableRawPointer?, _ position: UInt64, _ buffer: UnsafeMutablePointer<CChar>?, _ limit: Int
) -> Int {
    guard let stream, let buffer else { return Int(MHD_CONTENT_READER_END_WITH_ERROR) }
    return Unmanaged<StreamReader>.fromOpaque(stream).takeUnretainedValue().read(into: buffer, limit: limit)
}

private func streamReleased(_ stream: UnsafeMutableRawPointer?) {
    guard let stream else { return }
    Unmanaged<StreamReader>.fromOpaque(stream).takeRetainedValue().released()
}
