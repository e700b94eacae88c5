/// One connection of the library's, from NOTIFY_CONNECTION's start to its end; the library's record of it holds the
/// reference that counts.
///
/// `@unchecked Sendable`: `request` belongs to the library's thread, `exchange`, `deadline` and `isEvicted` to the
/// lock of the `ConnectionRegistry`. The handle may be used by the library's thread in a callback, and by whoever finds
/// `exchange` suspended while holding that lock.
final class ServerConnection: @unchecked Sendable {
    /// How far the reading of a request is; the library calls the handler twice for each, and once more after a
    /// suspension.
    enum Request {
        case none
        /// The raw target, and the address of the byte after it, by which a NUL within it is found out.
        case target([UInt8], end: UInt)
        case accepted(HTTPRequest)
        case dispatched
    }

    /// What the lock knows of the request.
    enum Exchange {
        case idle
        case active
        /// Waiting for the completion of this number.
        case suspended(UInt64)
        case completed(HTTPResponse)
    }

    let handle: OpaquePointer
    let descriptor: Int32
    /// Nil when the client was gone before it could be asked for.
    let peer: HTTPPeer?

    var request = Request.none
    var exchange = Exchange.idle
    var deadline: Instant?
    var isEvicted = false

    init(handle: OpaquePointer, descriptor: Int32) {
        self.handle = handle
        self.descriptor = descriptor
        self.peer = HTTPPeer(descriptor: descriptor)
    }
}
