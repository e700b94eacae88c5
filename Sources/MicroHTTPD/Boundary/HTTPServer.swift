internal import Basics
internal import CMicroHTTPD
internal import Glibc
internal import Threads

/// An HTTP/1.1 server on one listening socket, with two threads: the C library's, and the reaper's, which accepts.
///
/// Both threads inherit the signal mask of the thread that creates the server: block the signals first.
///
/// `@unchecked Sendable`: `daemon` is set once and used by the one `stop` that does the work.
package final class HTTPServer: @unchecked Sendable {
    private enum State { case running, stopping, stopped }

    /// The library's own limit, far above ours.
    private static let libraryLimit: UInt32 = 4096

    private let listeningSocket: Int32
    private let context: ServerContext
    private let daemon: OpaquePointer
    private let state = Lock(State.running)

    /// Serves on a socket that already listens, of any stream family; it should be close-on-exec, and is made
    /// non-blocking. From now on the server owns the socket, even if this throws.
    ///
    /// `handler` and `rejection` run on the library's thread: while one runs no other client is served, so they must
    /// not wait. `rejection` makes the answer to a request that never reaches the handler, with its path where that is
    /// known; it may also be called on the thread that stops the server or drops a `DeferredResponse`.
    package init(
        listeningSocket: Int32, configuration: HTTPServerConfiguration,
        handler: @escaping @Sendable (HTTPRequest) -> HTTPReply,
        rejection: @escaping @Sendable (HTTPRejection, _ path: String?) -> HTTPResponse
    ) throws(HTTPServerError) {
        let context = try ServerContext(
            configuration: configuration, isUnix: HTTPPeer.isUnix(listeningSocket), handler: handler,
            rejection: rejection)
        precondition(configuration.connectionLimit <= 3000)
        // A client that leaves between poll and accept would block the reaper's thread otherwise.
        let flags = fcntl(listeningSocket, F_GETFL)
        guard flags >= 0, fcntl(listeningSocket, F_SETFL, flags | O_NONBLOCK) >= 0 else {
            throw HTTPServerError(call: "fcntl", errno: errno)
        }
        try context.reaper.start(watching: context.connections)
        guard let daemon = Self.start(context, configuration) else {
            context.reaper.stop()
            throw HTTPServerError(call: "MHD_start_daemon", errno: 0)
        }
        self.context = context
        self.daemon = daemon
        self.listeningSocket = listeningSocket
        context.reaper.beginAccepting(
            Acceptor(
                listeningSocket: listeningSocket, daemon: daemon, connections: context.connections, log: context.log))
    }

    deinit {
        stop(grace: .zero)
    }

    /// Open connections, including those that are only kept until the peer has read our last answer: the descriptors in
    /// use. Any thread.
    package var connectionCount: Int {
        context.connections.count + context.reaper.lingering
    }

    /// Keeps serving until no request is in flight, deferred ones included, for `grace` at most. From now on each
    /// answer is the last on its connection, streams end with what was sent to them, and idle connections do not count.
    /// Requests that are still deferred are then answered with the rejection `stopping`. Finally the library is
    /// stopped, every connection and the listening socket are closed, and both threads are joined.
    ///
    /// A request that arrives at the very end may be cut. Returns when everything is done, also for a second caller.
    /// Never call it from a handler: it would wait for itself.
    package func stop(grace: Duration = .milliseconds(500)) {
        guard begin() else { return }
        context.connections.beginStopping(now: .now)
        _ = context.connections.waitUntilIdle(until: .now + grace)
        // The library aborts the process when a client is added while it stops.
        context.reaper.endAccepting()
        let isAnswering = context.connections.close(answering: context.answerText(.stopping, path: nil), now: .now)
        if isAnswering {
            _ = context.connections.waitUntilIdle(until: .now + context.connections.configuration.lastAnswers)
        }
        MHD_stop_daemon(daemon)
        context.connections.handOversEnded()
        context.reaper.stop()
        Glibc.close(listeningSocket)
        state.withLock { $0 = .stopped }
        state.signal()
    }

    /// True for the caller that does the work; every other one returns when that is done.
    private func begin() -> Bool {
        let isFirst = state.withLock { state in
            guard state == .running else { return false }
            state = .stopping
            return true
        }
        if !isFirst { state.wait { $0 == .stopped ? () : nil } }
        return isFirst
    }

    private static func start(
        _ context: ServerContext, _ configuration: HTTPServerConfiguration
    ) -> OpaquePointer? {
        let seconds = configuration.inactivityTimeout.components
        var start = echod_mhd_start()
        start.connection_limit = libraryLimit
        start.inactivity_seconds = UInt32(seconds.seconds) + (seconds.attoseconds > 0 ? 1 : 0)
        start.memory_limit = configuration.memoryLimit
        start.context = Unmanaged.passUnretained(context).toOpaque()
        start.log = libraryLogged
        start.handle = requestHandled
        start.completed = requestCompleted
        start.connection = connectionChanged
        start.target = targetReceived
        start.unescape = targetLeftEscaped
        return echod_mhd_start_daemon(&start)
    }
}
