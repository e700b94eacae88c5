internal import Basics
internal import CMicroHTTPD
internal import Glibc
internal import Threads

/// The thread beside the library's. It accepts (`Acceptor`), and it ends what the library would keep: requests past their
/// deadline, suspended connections whose client has hung up, and connections whose peer is given a moment to read our
/// last answer before the close.
///
/// It is a thread of its own because the library offers no turn to run it on: its inactivity time-out starts again with
/// each byte, and its poll may sleep as long as that. One thread a server sleeps in `poll` until the nearest deadline;
/// it inherits the signal mask of the thread that starts the server.
///
/// `@unchecked Sendable`: `thread` belongs to start and stop.
final class Reaper: @unchecked Sendable {
    /// A connection of which only our descriptor is left, our side of it shut down.
    private struct Lingering {
        var descriptor: Int32
        var deadline: MonotonicTime
    }

    private struct State {
        var arrivals: [Lingering] = []
        var lingeringCount = 0
        /// On its way to the thread.
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

    /// Descriptors held beside those of the open connections.
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

    /// When it returns no client is handed to the library any more.
    func endAccepting() {
        state.withLock { $0.isToAccept = false }
        wake()
        state.wait { $0.isAccepting ? nil : () }
    }

    /// Joins the thread; what still lingers is closed, its unread input thrown away. Once, by the server's stop.
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

    /// The library is about to close this descriptor, having sent our FIN. Unless the peer has ended too, a copy keeps
    /// the connection, so that bytes unread or on their way do not turn the close into a reset.
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
        while true {
            let now = MonotonicTime.now
            let next = connections.endOverdue(now: now)
            let isStopped = state.withLock { state in
                lingering += state.arrivals
                state.arrivals = []
                acceptor = state.isToAccept ? acceptor ?? state.acceptor : nil
                // Kept here it would make a retain cycle: reaper → acceptor → connections → reaper.
                state.acceptor = nil
                state.isAccepting = acceptor != nil
                return state.isStopped
            }
            if acceptor == nil { state.signal() }
            lingering = keepWaiting(lingering, isStopped ? nil : now)
            if isStopped { return }
            acceptor?.accept(now: now)
            let dues = [next, acceptor?.due(now: now)].compactMap { $0 } + lingering.map(\.deadline)
            let listener = acceptor?.watched(now: now)
            sleep(until: dues.min(), watching: lingering.map(\.descriptor) + (listener.map { [$0] } ?? []), now: now)
        }
    }

    /// Throws away what has arrived, closes what has ended or is past its deadline (nil: everything).
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

    private func sleep(until due: MonotonicTime?, watching descriptors: [Int32], now: MonotonicTime) {
        var polled = ([wakeUp] + descriptors).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = poll(&polled, nfds_t(polled.count), due.map { Self.milliseconds(until: $0, from: now) } ?? -1)
        var count: eventfd_t = 0
        if polled[0].revents != 0 { eventfd_read(wakeUp, &count) }
    }

    /// Rounded up, for `poll`, and an hour at most; 0 when it is over.
    private static func milliseconds(until due: MonotonicTime, from now: MonotonicTime) -> Int32 {
        Int32((max(.zero, min(due - now, .seconds(3600))).inNanoseconds + 999_999) / 1_000_000)
    }
}

/// What the new thread is given; it owns the only reference.
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
