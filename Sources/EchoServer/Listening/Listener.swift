internal import EventLoops
internal import Logging

/// One listening socket on the control loop, through its life: bound, open, serving its queue only, closed.
final class Listener: ReadinessHandler {
    /// Clients taken in a turn, so that signals and timers of the control loop get theirs.
    static let acceptsATurn = 16
    /// How long accepting pauses when descriptors or memory ran out, in nanoseconds; doubled up to the second.
    private static let shortestPause: Int64 = 100_000_000
    private static let longestPause: Int64 = 1_000_000_000
    /// How long accepting pauses when there is no place for a client, in nanoseconds.
    private static let pauseForRoom: Int64 = 10_000_000

    let address: SocketAddress
    private let loop: EventLoop
    private let log: Logger
    /// Takes the clients of a turn; `fromBacklog` once new ones are refused.
    private let deliver: ([AcceptedSocket], _ local: SocketAddress?, _ fromBacklog: Bool) -> Void
    /// How many clients may be taken now.
    private let room: () -> Int
    private let countError: (Int32) -> Void
    private var socket: ListeningSocket?
    private var registration: Registration?
    private var pause = Listener.shortestPause
    private var isPaused = false
    private(set) var refusesNewClients = false

    init(
        _ socket: consuming ListeningSocket, on loop: EventLoop, log: Logger,
        room: @escaping () -> Int, countError: @escaping (Int32) -> Void,
        deliver: @escaping ([AcceptedSocket], SocketAddress?, Bool) -> Void
    ) {
        address = socket.address
        self.loop = loop
        self.log = log
        self.deliver = deliver
        self.room = room
        self.countError = countError
        self.socket = consume socket
    }

    /// Starts listening: clients come from now on.
    func start() throws(SystemCallError) {
        guard let number = socket?.number else { return }
        try socket?.listen()
        registration = try loop.register(self, descriptor: number, interest: [.readable, .edgeTriggered])
    }

    func readinessChanged(_ readiness: Readiness) {
        if readiness.isEmpty {
            if !isPaused { acceptTurn() }
        } else if let registration {
            // After the other events of this turn: a signal that came with these clients finds them in the queue.
            loop.callAgain(registration)
        }
    }

    func timerFired() {
        isPaused = false
        acceptTurn()
    }

    /// Refuses new clients from now on. Returns false where the kernel cannot do that.
    func refuseNewClients() -> Bool {
        guard !refusesNewClients else { return true }
        if case .unix = address {
            socket?.shutdownReading()
        } else {
            do throws(SystemCallError) {
                try socket?.refuseNewClients()
            } catch {
                log.listenerCannotRefuse(address, error)
                return false
            }
        }
        refusesNewClients = true
        return true
    }

    /// Lets a new listener take the same port, once this one refuses new clients.
    func sharePort() throws(SystemCallError) {
        try socket?.sharePort()
    }

    /// Takes the queued clients. Returns false when descriptors ran out before the queue was empty.
    func emptyQueue() -> Bool {
        isPaused = false
        // At most as many as a queue can hold: if new clients cannot be refused, they might never end.
        for _ in 0..<(ListeningSocket.backlog / Self.acceptsATurn + 1) {
            guard takeBatch() else { break }
        }
        return !isPaused
    }

    /// Closes; the kernel resets the clients that are still in the queue.
    func close() {
        if let registration { loop.deregister(registration) }
        registration = nil
        _ = socket.take()
    }

    private func acceptTurn() {
        if takeBatch(), let registration { loop.callAgain(registration) }
    }

    /// Returns whether there may be more.
    private func takeBatch() -> Bool {
        let room = self.room()
        guard room > 0 else {
            pauseAccepting(for: Self.pauseForRoom)
            return false
        }
        var batch: [AcceptedSocket] = []
        defer {
            if !batch.isEmpty { deliver(batch, address.isWildcard ? nil : address, refusesNewClients) }
        }
        // Counts attempts, not successes: a lasting error must not hold the loop.
        for _ in 0..<min(room, Self.acceptsATurn) {
            switch socket?.accept() {
            case .accepted(let client):
                batch.append(client)
                pause = Self.shortestPause
            case .clientGone(let code): countError(code)
            case .failed(let call):
                countError(call.errno)
                pauseAccepting(call.errno)
                return false
            case .wouldBlock, .closed, nil: return false
            }
        }
        return true
    }

    private func pauseAccepting(_ code: Int32) {
        // Logged once for each pause that begins, not for each attempt.
        if pause == Self.shortestPause { log.acceptPaused(address, code) }
        pauseAccepting(for: pause)
        pause = min(2 * pause, Self.longestPause)
    }

    private func pauseAccepting(for time: Int64) {
        isPaused = true
        if let registration { loop.setTimer(registration, at: loop.now + time) }
    }
}
