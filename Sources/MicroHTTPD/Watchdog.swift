internal import CMicroHTTPD
internal import Glibc

/// The thread that ends what the library would keep: requests past their deadline, suspended connections whose client
/// has hung up, and connections whose peer is given a moment to read our last answer before the close.
///
/// It is a thread of its own because the library offers no turn to run it on: its inactivity time-out starts anew with
/// each byte, and its poll may sleep as long as that. One thread a server sleeps in `poll` until the nearest deadline;
/// it inherits the signal mask of the thread that starts the server.
///
/// `@unchecked Sendable`: `arrivals`, `lingeringCount` and `isStopped` belong to `lock`, `thread` to start and stop.
final class Watchdog: @unchecked Sendable {
    /// A connection of which only our descriptor is left, our side of it shut down.
    private struct Lingering {
        var descriptor: Int32
        var deadline: Instant
    }

    /// Past this a connection is closed without waiting for its peer.
    static let lingeringLimit = 32

    private let wakeUp: Int32
    private let linger: Duration
    private let lock = Lock()
    private var arrivals: [Lingering] = []
    private var lingeringCount = 0
    private var isStopped = false
    private var thread: pthread_t?

    init(linger: Duration) throws(HTTPServerError) {
        self.linger = linger
        wakeUp = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard wakeUp >= 0 else { throw HTTPServerError(call: "eventfd", errno: errno) }
    }

    deinit {
        Glibc.close(wakeUp)
    }

    /// Descriptors held beside those of the open connections.
    var lingering: Int { lock.withLock { lingeringCount } }

    /// The watchdog keeps itself alive until `stop`.
    func start(watching registry: ConnectionRegistry) throws(HTTPServerError) {
        let start = Unmanaged.passRetained(Start(watchdog: self, registry: registry))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, watchdogMain, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw HTTPServerError(call: "pthread_create", errno: code)
        }
        self.thread = thread
    }

    /// Joins the thread; what still lingers is closed, its unread input thrown away. Once, by the server's stop.
    func stop() {
        lock.withLock { isStopped = true }
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
    func close(lingering descriptor: Int32, now: Instant) {
        var byte: UInt8 = 0
        let received = recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        guard received > 0 || received < 0 && errno == EAGAIN else { return }
        let isAdmitted = lock.withLock {
            guard !isStopped, lingeringCount < Self.lingeringLimit else { return false }
            lingeringCount += 1
            return true
        }
        guard isAdmitted else { return }
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        lock.withLock {
            if copy >= 0 {
                arrivals.append(Lingering(descriptor: copy, deadline: now + linger))
            } else {
                lingeringCount -= 1
            }
        }
        wake()
    }

    // MARK: The thread

    fileprivate func run(_ registry: ConnectionRegistry) {
        var lingering: [Lingering] = []
        while true {
            let now = Instant.now
            let next = registry.evict(now: now)
            let isStopped = lock.withLock {
                lingering += arrivals
                arrivals = []
                return self.isStopped
            }
            lingering = keepWaiting(lingering, isStopped ? nil : now)
            if isStopped { return }
            let due = lingering.reduce(next) { min($0 ?? $1.deadline, $1.deadline) }
            sleep(until: due, watching: lingering.map(\.descriptor), now: now)
        }
    }

    /// Throws away what has arrived, closes what has ended or is past its deadline (nil: everything).
    private func keepWaiting(_ lingering: [Lingering], _ now: Instant?) -> [Lingering] {
        lingering.filter { connection in
            let isOpen = Self.discardInput(of: connection.descriptor)
            if let now, isOpen, now < connection.deadline { return true }
            Glibc.close(connection.descriptor)
            lock.withLock { lingeringCount -= 1 }
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

    private func sleep(until due: Instant?, watching descriptors: [Int32], now: Instant) {
        var polled = ([wakeUp] + descriptors).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = poll(&polled, nfds_t(polled.count), due.map { $0.milliseconds(since: now) } ?? -1)
        var count: eventfd_t = 0
        if polled[0].revents != 0 { eventfd_read(wakeUp, &count) }
    }
}

/// What the new thread is given; it owns the only reference.
private final class Start {
    let watchdog: Watchdog
    let registry: ConnectionRegistry

    init(watchdog: Watchdog, registry: ConnectionRegistry) {
        self.watchdog = watchdog
        self.registry = registry
    }
}

private func watchdogMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    start.watchdog.run(start.registry)
    return nil
}
