internal import Basics
internal import CMicroHTTPD
internal import Glibc
internal import Threads

/// The thread besides the library's. It accepts clients (`Acceptor`), and it ends what the library would keep: requests
/// past their deadline, suspended connections whose client has hung up, and connections whose peer is given a moment to
/// read our last answer before the close.
///
/// It needs its own thread because the library has no turn to run it on: the library's inactivity time-out starts again
/// with each byte, and its poll may sleep for that long. Each server has one such thread. It sleeps in `poll` until the
/// nearest deadline, and inherits the signal mask of the thread that starts the server.
///
/// `@unchecked Sendable`: `thread` belongs to start and stop.
final class Reaper: @unchecked Sendable {
    /// A connection of which only our descriptor is left, with our side shut down.
    private struct Lingering {
        var descriptor: Int32
        var deadline: MonotonicTime
    }

    private struct State {
        var arrivals: [Lingering] = []
        var lingeringCount = 0
        /// The acceptor on its way to the thread.
        var acceptor: Acceptor?
        var isToAccept = false
        var isAccepting = false
        var isStopped = false
    }

    private let wakeUp: Int32
    private let linger: Duration
    private let lingeringLimit: Int
    private let state = Lock(State())
    private var thread: pthread_t?

    init(linger: Duration, atMost limit: Int) throws(HTTPServerError) {
        self.linger = linger
        lingeringLimit = limit
        wakeUp = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard wakeUp >= 0 else { throw HTTPServerError(call: "eventfd", errno: errno) }
    }

    deinit {
        Glibc.close(wakeUp)
    }

    /// Descriptors held besides those of the open connections.
    var lingering: Int { state.withLock { $0.lingeringCount } }

    /// The reaper keeps itself alive until `stop`.
    func start(watching connections: OpenConnections) throws(HTTPServerError) {
        let start = Unmanaged.passRetained(Start(reaper: self, connections: connections))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, reaperMain, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw HTTPServerError(call: "pthread_create", errno: code)
        }
        self.thread = thread
    }

    func beginAccepting(_ acceptor: Acceptor) {
        state.withLock { state in
            state.acceptor = acceptor
            state.isToAccept = true
            state.isAccepting = true
        }
        wake()
    }

    /// After it returns, no client is handed to the library.
    func endAccepting() {
        state.withLock { $0.isToAccept = false }
        wake()
        state.wait { $0.isAccepting ? nil : () }
    }

    /// Joins the thread. Connections that still linger are closed, and their unread input is discarded. Called once, by
    /// the server's stop.
    func stop() {
        state.withLock { $0.isStopped = true }
        wake()
        if let thread { pthread_join(thread, nil) }
    }

    /// From any thread.
    func wake() {
        // A full counter means that the wake-up is pending already.
        eventfd_write(wakeUp, 1)
    }

    /// The library has sent our FIN and is about to close this descriptor. Unless the peer has ended too, a copy keeps
    /// the connection open, so that bytes that are unread or on their way do not turn the close into a reset.
    func close(lingering descriptor: Int32, now: MonotonicTime) {
        var byte: UInt8 = 0
        let received = recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        guard received > 0 || received < 0 && errno == EAGAIN else { return }
        let isAdmitted = state.withLock { state in
            guard !state.isStopped, state.lingeringCount < lingeringLimit else { return false }
            state.lingeringCount += 1
            return true
        }
        guard isAdmitted else { return }
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        state.withLock { state in
            if copy >= 0 {
                state.arrivals.append(Lingering(descriptor: copy, deadline: now + linger))
            } else {
                state.lingeringCount -= 1
            }
        }
        wake()
    }

    // MARK: The thread

    fileprivate func run(_ connections: OpenConnections) {
        var lingering: [Lingering] = []
        var acceptor: Acceptor?
        var hasClients = false
        while true {
            let now = MonotonicTime.now
            let next = connections.endOverdue(now: now)
            let isStopped = state.withLock { state in
                lingering += state.arrivals
                state.arrivals = []
                acceptor = state.isToAccept ? acceptor ?? state.acceptor : nil
                // If it were kept here, it would make a retain cycle: reaper → acceptor → connections → reaper.
                state.acceptor = nil
                state.isAccepting = acceptor != nil
                return state.isStopped
            }
            if acceptor == nil { state.signal() }
            lingering = keepWaiting(lingering, isStopped ? nil : now)
            if isStopped { return }
            if hasClients { acceptor?.accept(now: now) }
            let dues = [next, acceptor?.due(now: now)].compactMap { $0 } + lingering.map(\.deadline)
            let listener = acceptor?.watched(now: now)
            hasClients = sleep(until: dues.min(), watching: lingering.map(\.descriptor), listener, now: now)
        }
    }

    /// Discards input that has arrived, and closes connections that have ended or are past their deadline (nil: all of
    /// them).
    private func keepWaiting(_ lingering: [Lingering], _ now: MonotonicTime?) -> [Lingering] {
        lingering.filter { connection in
            let isOpen = Self.discardInput(of: connection.descriptor)
            if let now, isOpen, now < connection.deadline { return true }
            Glibc.close(connection.descriptor)
            state.withLock { $0.lingeringCount -= 1 }
            return false
        }
    }

    /// False at the peer's end. Bounded, so that a fast sender cannot hold the thread.
    private static func discardInput(of descriptor: Int32) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 1) { buffer in
            for _ in 0..<16 {
                let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
                if count < 0, errno == EINTR { continue }
                if count <= 0 { return count < 0 && errno == EAGAIN }
            }
            return true
        }
    }

    /// Returns whether clients wait in the queue of `listener`.
    private func sleep(
        until due: MonotonicTime?, watching descriptors: [Int32], _ listener: Int32?, now: MonotonicTime
    ) -> Bool {
        // poll(2) ignores -1.
        let watched = [wakeUp, listener ?? -1] + descriptors
        var polled = watched.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = poll(&polled, nfds_t(polled.count), due.map { Self.milliseconds(until: $0, from: now) } ?? -1)
        var count: eventfd_t = 0
        if polled[0].revents != 0 { eventfd_read(wakeUp, &count) }
        return polled[1].revents != 0
    }

    /// A time-out for `poll`: rounded up, an hour at most, and 0 when `due` has passed.
    private static func milliseconds(until due: MonotonicTime, from now: MonotonicTime) -> Int32 {
        Int32((max(.zero, min(due - now, .seconds(3600))).inNanoseconds + 999_999) / 1_000_000)
    }
}

/// The argument of the new thread, which owns the only reference.
private final class Start {
    let reaper: Reaper
    let connections: OpenConnections

    init(reaper: Reaper, connections: OpenConnections) {
        self.reaper = reaper
        self.connections = connections
    }
}

private func reaperMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    start.reaper.run(start.connections)
    return nil
}
