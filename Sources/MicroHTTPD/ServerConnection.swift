internal import Glibc

/// One connection of the library's, from NOTIFY_CONNECTION's start to its end; the library's record of it holds the
/// reference that counts.
///
/// `@unchecked Sendable`: `request` belongs to the library's thread, `exchange`, `disconnected`, `waitingSince`,
/// `deadline` and `isEvicted` to the lock of the `ConnectionRegistry`. The handle may be used by the library's thread in
/// a callback, and by whoever finds `exchange` suspended while holding that lock.
final class ServerConnection: @unchecked Sendable {
    /// How far the reading of a request is; the library calls the handler twice for each, and twice more when it
    /// is suspended.
    enum Request {
        case none
        /// The raw target, and the address of the byte after it, by which a NUL within it is found out.
        case target([UInt8], end: UInt)
        case accepted(HTTPRequest)
        /// To be suspended in the next call, and then promised its answer.
        case deferred(@Sendable (DeferredResponse) -> Void)
        case dispatched
    }

    /// What the lock knows of the request.
    enum Exchange {
        case idle
        case active
        /// Waiting for the completion of this number.
        case suspended(UInt64)
        case completed(DeferredResponse.Maker)
        /// Its client hung up while it was suspended.
        case abandoned
        case streaming(StreamBuffer)
    }

    let handle: OpaquePointer
    let descriptor: Int32
    /// Nil when the client was gone before it could be asked for.
    let peer: HTTPPeer?

    var request = Request.none
    var exchange = Exchange.idle
    /// To be told that the client hung up while the connection was suspended.
    var disconnected: (@Sendable () -> Void)?
    /// When it was answered, or a grace after it was accepted or had sent the head of its request, whichever came last:
    /// so clients that are served and come back at once cannot push out one whose request is on its way, nor can those
    /// that have just come one whose answer is.
    var waitingSince: Instant
    /// When it is shut down; while it is suspended: when it is looked whether its client is still there.
    var deadline: Instant?
    var isEvicted = false

    init(handle: OpaquePointer, descriptor: Int32, now: Instant) {
        self.handle = handle
        self.descriptor = descriptor
        waitingSince = now + Crowding.grace
        self.peer = HTTPPeer(descriptor: descriptor)
    }

    var isSuspended: Bool {
        switch exchange {
        case .suspended: true
        case .streaming(let buffer): buffer.isSuspended
        case .idle, .active, .completed, .abandoned: false
        }
    }

    /// False for Unix clients, and where an address is not known.
    func sharesAddress(with other: ServerConnection) -> Bool {
        guard case .network = peer else { return false }
        return peer == other.peer
    }

    /// What it may be asked for when others want in.
    var place: Crowding.Place {
        if isEvicted { return .leaving }
        return switch exchange {
        case .idle, .active: .waiting(since: waitingSince)
        case .suspended, .completed, .abandoned, .streaming: .held
        }
    }

    /// False once the connection is reset, or ended from both sides. A client that has shut down only its sending side
    /// still wants its answer, and looks the same as one that has closed without a reset: that one is found out by the
    /// next byte we send, so it keeps its place until then.
    var hasClient: Bool {
        var polled = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&polled, 1, 0) <= 0
    }

    /// Shuts the connection down; the library closes it, without waiting for the client's end.
    func evict() {
        deadline = nil
        isEvicted = true
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}
