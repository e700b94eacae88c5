internal import Glibc

/// One connection of the library's, from NOTIFY_CONNECTION's start to its end; the library's record of it holds the
/// reference that counts.
///
/// `@unchecked Sendable`: `request` belongs to the library's thread. The handle may be used by the library's thread in
/// a callback, and by a thread that finds the connection suspended while holding the lock of the `OpenConnections`.
final class ServerConnection: Identifiable, @unchecked Sendable {
    /// How far a request has been read; the library calls the handler twice for each, and twice more when it is
    /// suspended.
    enum Request {
        case none
        /// The raw target, and the address of the byte after it, which reveals a NUL within it.
        case target([UInt8], end: UInt)
        case accepted(HTTPRequest)
        /// To be suspended in the next call, and then promised its answer.
        case deferred(@Sendable (DeferredResponse) -> Void)
        case dispatched
    }

    let handle: OpaquePointer
    let descriptor: Int32
    /// Nil if the client was gone before its address could be read.
    let peer: HTTPPeer?

    var request = Request.none

    init(handle: OpaquePointer, descriptor: Int32) {
        self.handle = handle
        self.descriptor = descriptor
        self.peer = HTTPPeer(descriptor: descriptor)
    }

    /// False for Unix clients, and if an address is not known.
    func sharesAddress(with other: ServerConnection) -> Bool {
        guard case .network = peer else { return false }
        return peer == other.peer
    }

    /// False once the connection is reset, or ended from both sides. A client that has shut down only its sending side
    /// still wants its answer, and looks the same as one that has closed without a reset: the next byte we send reveals
    /// such a client, so it keeps its place until then.
    var hasClient: Bool {
        var polled = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&polled, 1, 0) <= 0
    }
}
