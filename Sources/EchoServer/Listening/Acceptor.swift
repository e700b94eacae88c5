internal import Basics
internal import EchoCore
internal import EventLoops
internal import Logging
internal import Threads
internal import Wire

/// Owns every listener, on the control loop, and hands each client to the least loaded shard.
final class Acceptor {
    /// How long to wait for descriptors with clients in a queue, in nanoseconds.
    private static let queuePatience: Int64 = 100_000_000

    private let control: EventLoop
    private let shards: [ShardHandle]
    private let configuration: ServerConfiguration
    private let log: Logger
    private let accepted: AcceptCounters
    private var open = OpenListeners()
    /// Listeners of drains: they refuse new clients and serve their queue for a while.
    private var retiring: [Retiring] = []
    /// As bound at the start: an undrain binds the same.
    private var addresses: [SocketAddress] = []
    private var nextID: UInt64 = 0
    /// At least this many clients can be accepted, to be served or refused: since it was computed, ends have only added
    /// to it.
    private var knownRoom = 0
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

    /// Binds everything that is configured, and returns the addresses as bound. On an error it closes what was bound.
    func openAll() throws(ListenError) -> [SocketAddress] {
        do throws(ListenError) {
            for listener in configuration.listeners {
                _ = try listener.bindAll(option: "--listen") { (address) throws(SystemCallError) in
                    let listener = try bind(address)
                    // Added at once, so that it is closed when a later address of the same name cannot be bound.
                    open.listeners.append(listener)
                    return (listener, listener.address)
                }
            }
            // None listens until all are bound: a start that fails resets no client.
            for listener in open.listeners { try start(listener, option: "--listen") }
        } catch {
            open.close()
            throw error
        }
        addresses = open.listeners.map(\.address)
        return addresses
    }

    /// Undrain: binds the same addresses again, beside the listeners that still serve their queue. None listens until
    /// all are bound, so that a failure resets no client.
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
            do throws(ListenError) {
                try start(listener, option: nil)
            } catch {
                // Another process took the address a moment earlier. The other listeners are already listening.
                _ = retire(until: control.now + configuration.drain.acceptLinger.inNanoseconds)
                throw error
            }
        }
    }

    private func start(_ listener: Listener, option: String?) throws(ListenError) {
        do throws(SystemCallError) {
            try listener.start()
        } catch {
            throw ListenError(address: listener.address.description, option: option, cause: error)
        }
    }

    /// Whether the descriptors kept for an undrain's listeners are free.
    var hasRoomToReopen: Bool {
        retiring.count <= ServerConfiguration.retiringListeners(beside: addresses.count)
    }

    private func bind(_ address: SocketAddress, besideRetiring: Bool = false) throws(SystemCallError) -> Listener {
        Listener(
            try bindSocket(address, besideRetiring: besideRetiring), on: control, log: log,
            room: { [unowned self] in self.room() }, countError: { [accepted] in accepted.count(errno: $0) },
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

    private struct Places {
        var load: [UInt64]
        var active: Int
        var refused: Int

        var served: Int { active - refused }
    }

    private var places: Places {
        let load = shards.map { $0.assigned.current &- $0.counters.ended }
        // Never negative: a connection that its loop could not register also ends as refused, and was not counted here.
        let ended = shards.reduce(0) { $0 + $1.counters.ended(.refused) }
        let refused = max(accepted.refused.current, ended) - ended
        return Places(load: load, active: Int(load.reduce(0, &+)), refused: Int(refused))
    }

    /// How many clients can be accepted now. At 0 they wait in the accept queue: none is reset for want of a place.
    private func room() -> Int {
        if knownRoom < Listener.acceptsATurn {
            let places = self.places
            knownRoom =
                max(0, configuration.maximumConnections - places.served)
                + max(0, configuration.refusalsAtATime - places.refused)
        }
        return knownRoom
    }

    private func deliver(_ clients: [AcceptedSocket], local: SocketAddress?, fromBacklog: Bool) {
        clientsCame()
        knownRoom -= clients.count
        var batches = [[Arrival]](repeating: [], count: shards.count)
        var places = self.places
        for client in clients {
            nextID += 1
            let isRefused = places.served >= configuration.maximumConnections
            if isRefused {
                places.refused += 1
                accepted.refused.add(1)
            }
            places.active += 1
            let least = places.load.indices.min { places.load[$0] < places.load[$1] } ?? 0
            places.load[least] += 1
            batches[least].append(Arrival(id: nextID, socket: client, local: local, isRefused: isRefused))
        }
        accepted.total.add(clients.count)
        if fromBacklog { accepted.fromBacklog.add(clients.count) }
        for (shard, batch) in zip(shards, batches) where !batch.isEmpty { shard.admit(batch) }
    }

    // MARK: Closing

    /// Lets no new client in. TCP listeners serve their queue until `until`; Unix listeners refuse exactly, so their
    /// queue is served at once. Called again to move the time nearer.
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

    /// Closes the listeners whose time has come, after taking their queued clients. If descriptors run out first, the
    /// listener stays: connections are being closed, so descriptors will become free. At the deadline the machine
    /// closes it.
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
    /// Behind a lock, because failures are rare: accepting a client does not touch it.
    private let failures = Lock<[AcceptError: UInt64]>([:])

    var errors: Counts<AcceptError> { Counts(failures.withLock { $0 }) }

    func count(errno code: Int32) {
        let error = AcceptError(errnoName: SystemCallError.name(of: code))
        failures.withLock { $0[error, default: 0] += 1 }
    }
}
