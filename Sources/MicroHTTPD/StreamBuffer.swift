internal import CMicroHTTPD
internal import Glibc

/// What a streaming connection has still to send. The library's response holds it until nobody reads it any more.
///
/// The library asks for bytes (`read`) whenever the socket takes some. When there are none the connection is suspended,
/// in that callback; what is sent next resumes it. Both happen with the registry's lock held, so that neither can miss
/// the other.
///
/// `@unchecked Sendable`: every variable belongs to the lock of the `ConnectionRegistry`.
final class StreamBuffer: @unchecked Sendable {
    enum Phase { case open, finished, over }

    /// A client that is so many bytes behind is cut, whatever the kernel holds for it besides (`sendBuffer`).
    static let limit = 64 * 1024
    /// Of the socket. The kernel's own choice on loopback is 2.5 MB, which would make the limit one in name only.
    static let sendBuffer: Int32 = 32 * 1024

    let connection: ServerConnection
    private let registry: ConnectionRegistry
    var pending: [UInt8]
    var phase = Phase.open
    var isSuspended = false
    var endings: [@Sendable () -> Void] = []

    init(_ connection: ServerConnection, registry: ConnectionRegistry, first: [UInt8]) {
        self.connection = connection
        self.registry = registry
        pending = first
    }

    /// For the library, which gives it back with `streamReleased`. In the handler callback only.
    func makeResponse() -> OpaquePointer? {
        let pointer = Unmanaged.passRetained(self).toOpaque()
        let response = MHD_create_response_from_callback(.max, 16 * 1024, streamRead, pointer, streamReleased)
        if response == nil { Unmanaged<StreamBuffer>.fromOpaque(pointer).release() }
        return response
    }

    fileprivate func read(into buffer: UnsafeMutablePointer<CChar>, limit: Int) -> Int {
        registry.read(self, into: UnsafeMutableRawBufferPointer(start: buffer, count: limit))
    }

    fileprivate func released() {
        registry.streamEnded(self)
    }
}

/// A stream's way to its connection.
///
/// The context is weak: whoever keeps streams is often kept by the handler, which the context keeps.
final class ConnectionSink: ResponseSink {
    private weak let context: ServerContext?
    private let buffer: StreamBuffer

    init(context: ServerContext, buffer: StreamBuffer) {
        self.context = context
        self.buffer = buffer
    }

    func send(_ bytes: [UInt8]) -> Bool {
        context?.registry.send(bytes, on: buffer) ?? false
    }

    func finish() {
        context?.registry.finish(buffer, now: .now)
    }

    func onEnd(_ body: @escaping @Sendable () -> Void) {
        // A server that is gone has ended all its streams.
        guard let context else { return body() }
        context.registry.onEnd(of: buffer, body)
    }
}

private func streamRead(
    _ stream: UnsafeMutableRawPointer?, _ position: UInt64, _ buffer: UnsafeMutablePointer<CChar>?, _ limit: Int
) -> Int {
    guard let stream, let buffer else { return Int(MHD_CONTENT_READER_END_WITH_ERROR) }
    return Unmanaged<StreamBuffer>.fromOpaque(stream).takeUnretainedValue().read(into: buffer, limit: limit)
}

private func streamReleased(_ stream: UnsafeMutableRawPointer?) {
    guard let stream else { return }
    Unmanaged<StreamBuffer>.fromOpaque(stream).takeRetainedValue().released()
}
