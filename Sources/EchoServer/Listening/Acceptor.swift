internal import Basics
internal import EchoCore
internal import EventLoops
internal import Logging
internal import Threads
internal import Wire

/// Owns every listener, on the control loop, and hands each client to the least loaded shard.
final class Acceptor {
    /// Refused clients that are read for their 100 ms at a time; past that they are closed at once, so that a flood
    /// does not eat the descriptors which the admin plane needs.
    private static let refusalsAtATime = 16

    /// How long to wait for descriptors with clients in a queue, in nanoseconds.
    private static let queuePatience: Int64 = 100_000_000

    private let control: EventLoop
    private let shards: [ShardHandle]
    private let configuration: ServerConfiguration
    private let log: Logger
    private let accepted: AcceptCounters
    private var open = OpenListeners()
    /// Of drains: they refuse new clients and serve their queue for a while.
    private var retiring: [Retiring] = []
    /// As bound at the start: an undrain binds the same.
    private var addresses: [SocketAddress] = []
    private var nextID: UInt64 = 0
    /// Called when clients were taken, before they are counted.
    private let clientsCame: () -> Void

    private struct OpenListeners {
        var listeners: [Listener] = []
        var files: [UnixSocketFile] = []

        /// At once; the kernel resets queued clients.
        mutating func close() {
            for listener in listeners { listener.close() }
            for file in files { file.remove() }
            self = OpenListeners()
        }
    }

    private struct Retiring {
        let listener: Listener
        /// Nanoseconds of the loop's clock.
        var until: Int64
    }

    init(
        control: EventLoop, shards: [ShardHandle], configuration: ServerConfiguration, accepted: AcceptCounters,
        log: Logger, clientsCame: @escaping () -> Void
    ) {
        self.control = control
        self.shards = shards
        self.configuration = configuration
        self.accepted = accepted
        self.log = log
        self.clientsCame = clientsCame
    }

    // MARK: Opening

    /// Binds all that is configured, and returns the addresses as bound. On an error what was bound is closed.
    func openAll() throws(ListenError) -> [SocketAddress] {
        do throws(ListenError) {
            for listener in configuration.listeners {
                _ = try listener.bindAll(option: "--listen") { (address) throws(SystemCallError) in
                    let listener = try bind(address)
                    try listener.start()
                    // At once, so that it is closed when a later address of the same name cannot be bound.
                    open.listeners.append(listener)
                    return (listener, listener.address)
                }
            }
        } catch {
            open.close()
            throw error
        }
        addresses = open.listeners.map(\.address)
        return addresses
    }

    /// Undrain: binds the same addresses again, beside its listeners that still serve their queue. None listens
    /// before all are bound, so that a failure resets no client.
    func reopenAll() throws(ListenError) {
        for address in addresses {
            do throws(SystemCallError) {
                let besides = retiring.filter { $0.listener.address == address }
                for retiring in besides { try retiring.listener.sharePort() }
                open.listeners.append(try bind(address, besideRetiring: !besides.isEmpty))
            } catch {
                open.close()
                throw ListenError(address: address.description, option: nil, cause: error)
            }
        }
        for listener in open.listeners {
            do throws(SystemCallError) {
                try listener.start()
            } catch {
                // Another process was quicker by a moment. The others have listened.
                _ = retire(until: control.now + configuration.drain.acceptLinger.inNanoseconds)
                throw ListenError(address: listener.address.description, option: nil, cause: error)
            }
        }
    }

    private func bind(_ address: SocketAddress, besideRetiring: Bool = false) throws(SystemCallError) -> Listener {
        Listener(
            try bindSocket(address, besideRetiring: besideRetiring), on: control, log: log,
            countError: { [accepted] in accepted.count(errno: $0) },
            deliver: { [unowned self] in self.deliver($0, local: $1, fromBacklog: $2) })
    }

    private func bindSocket(_ address: SocketAddress, besideRetiring: Bool) throws(SystemCallError) -> ListeningSocket {
        guard case .unix(let path?) = address else {
            return try ListeningSocket(binding: address, besideRetiring: besideRetiring)
        }
        let socket = try UnixSocketFile.bind(at: path, mode: 0o660)
        open.files.append(try UnixSocketFile(path))
        return socket
    }

    // MARK: Accepting

    private func deliver(_ clients: [AcceptedSocket], local: SocketAddress?, fromBacklog: Bool) {
        clientsCame()
        var batches = [[Arrival]](repeating: [], count: shards.count)
        var turnedAway: [AcceptedSocket] = []
        var load = shards.map { $0.assigned.current &- $0.counters.ended }
        var active = Int(load.reduce(0, &+))
        // Never negative: one that its loop could not register ends as refused, too, and was not counted here.
        let refusalsEnded = shards.reduce(0) { $0 + $1.counters.ended(.refused) }
        var refusals = Int(max(accepted.refused.current, refusalsEnded) - refusalsEnded)
        for client in clients {
            nextID += 1
            let isRefused = active - refusals >= configuration.maximumConnections
            if isRefused && refusals >= Self.refusalsAtATime {
                turnedAway.append(client)
                continue
            }
            if isRefused { refusals += 1 }
            active += 1
            if isRefused { accepted.refused.add(1) }
            let least = load.indices.min { load[$0] < load[$1] } ?? 0
            load[least] += 1
            batches[least].append(Arrival(id: nextID, socket: client, local: local, isRefused: isRefused))
        }
        accepted.total.add(clients.count)
        if fromBacklog { accepted.fromBacklog.add(clients.count) }
        // After they were counted as accepted: the sum of the ended is never the larger.
        for client in turnedAway { _ = Socket(owning: client.number) }
        accepted.turnedAway.addReleasing(turnedAway.count)
        for (shard, batch) in zip(shards, batches) where !batch.isEmpty { shard.admit(batch) }
    }

    // MARK: Closing

    /// Lets no new client in. TCP listeners serve their queue until `until`; Unix ones refuse exactly, so that theirs
    /// is served at once. Comes again to bring the time nearer.
    func retire(until: Int64) -> AcceptQueueGuarantee {
        var guarantee = AcceptQueueGuarantee.lossless
        for listener in open.listeners {
            if !listener.refuseNewClients() { guarantee = .bestEffort }
            var time = until
            if case .unix = listener.address { time = control.now }
            retiring.append(Retiring(listener: listener, until: time))
        }
        for file in open.files { file.remove() }
        open = OpenListeners()
        for index in retiring.indices { retiring[index].until = min(retiring[index].until, until) }
        return guarantee
    }

    /// When the next retiring listener closes.
    var nextClose: Int64? { retiring.map(\.until).min() }

    /// Closes those whose time has come, after taking their queued clients. When descriptors run out with clients in
    /// it, a listener stays: connections are being closed, there will be some. At the deadline the machine closes it.
    func closeRetired(at now: Int64) {
        for index in retiring.indices where retiring[index].until <= now {
            if retiring[index].listener.emptyQueue() {
                retiring[index].listener.close()
            } else {
                retiring[index].until = now + Self.queuePatience
            }
        }
        retiring.removeAll { $0.until <= now }
    }

    var isClosed: Bool { open.listeners.isEmpty && retiring.isEmpty }

    /// Closes everything at once; the kernel resets queued clients.
    func abandon() {
        for retired in retiring { retired.listener.close() }
        retiring = []
        open.close()
    }
}

/// Counts of the acceptor; written on the control loop.
final class AcceptCounters: Sendable {
    let total = Counter()
    let fromBacklog = Counter()
    let refused = Counter()
    /// Refused and closed at once; they never reach a shard.
    let turnedAway = Counter()
    /// Behind a lock, for they are rare: a client that is accepted touches none of it.
    private let failures = Lock<[AcceptError: UInt64]>([:])

    var errors: Counts<AcceptError> { Counts(failures.withLock { $0 }) }

    func count(errno code: Int32) {
        let error = AcceptError(errnoName: SystemCallError.name(of: code))
        failures.withLock { $0[error, default: 0] += 1 }
    }
}
