internal import EchoCore
internal import EventLoops
internal import Logging

/// The way in: every listener, on the control loop, and the acceptor that hands clients to the least loaded shard.
final class Doors {
    /// Refused clients that are read for their 100 ms at a time; past that they are closed at once, so that a flood
    /// does not eat the descriptors which the admin plane needs.
    private static let refusalsAtATime = 16

    private let control: EventLoop
    private let shards: [ShardHandle]
    private let configuration: ServerConfiguration
    private let log: Logger
    private let accepted: AcceptCounters
    private var listeners: [Listener] = []
    private var unixFiles: [UnixSocketFile] = []
    private var nextID: UInt64 = 0

    init(
        control: EventLoop, shards: [ShardHandle], configuration: ServerConfiguration, accepted: AcceptCounters,
        log: Logger
    ) {
        self.control = control
        self.shards = shards
        self.configuration = configuration
        self.accepted = accepted
        self.log = log
    }

    // MARK: Opening

    /// Binds all that is configured, and returns the addresses as bound. On an error what was bound is closed.
    func open() throws(ListenError) -> [SocketAddress] {
        do throws(ListenError) {
            for listener in configuration.listeners {
                listeners += try listener.bindAll { (address) throws(SystemCallError) in
                    let listener = try listen(address)
                    return (listener, listener.address)
                }
            }
        } catch {
            close()
            throw error
        }
        return listeners.map(\.address)
    }

    private func listen(_ address: SocketAddress) throws(SystemCallError) -> Listener {
        let socket = try bind(address)
        return try Listener(
            socket, on: control, log: log, countError: { [accepted] _ in accepted.errors.add(1) },
            deliver: { [unowned self] in self.deliver($0, local: $1, fromBacklog: $2) })
    }

    private func bind(_ address: SocketAddress) throws(SystemCallError) -> ListeningSocket {
        guard case .unix(let path?) = address else { return try ListeningSocket(address) }
        let socket = try UnixSocketFile.listen(at: path, mode: 0o660)
        unixFiles.append(try UnixSocketFile(path))
        return socket
    }

    // MARK: Accepting

    private func deliver(_ clients: [AcceptedSocket], local: SocketAddress?, fromBacklog: Bool) {
        var batches = [[Arrival]](repeating: [], count: shards.count)
        var load = shards.map { $0.assigned &- $0.counters.ended }
        var active = Int(load.reduce(0, &+))
        var refusals = Int(accepted.refused.current &- shards.reduce(0) { $0 + $1.counters.ended(.refused) })
        for client in clients {
            nextID += 1
            let isRefused = active - refusals >= configuration.maximumConnections
            if isRefused { refusals += 1 }
            active += 1
            if isRefused { accepted.refused.add(1) }
            let least = load.indices.min { load[$0] < load[$1] } ?? 0
            load[least] += 1
            shards[least].assign()
            batches[least].append(
                Arrival(id: nextID, socket: client, local: local, isRefused: isRefused))
        }
        accepted.total.add(clients.count)
        if fromBacklog { accepted.fromBacklog.add(clients.count) }
        for (shard, batch) in zip(shards, batches) where !batch.isEmpty { shard.post { $0.admit(batch) } }
    }

    // MARK: Closing

    /// Lets no new client in, and keeps serving the queue.
    func refuseNewClients() -> AcceptQueueGuarantee {
        var guarantee = AcceptQueueGuarantee.lossless
        for listener in listeners where !listener.refuseNewClients() { guarantee = .bestEffort }
        return guarantee
    }

    /// Whether closing needs no accept linger: Unix sockets refuse exactly.
    var needsNoLinger: Bool {
        listeners.allSatisfy { if case .unix = $0.address { true } else { false } }
    }

    /// Takes who is in the queues, then closes every listener.
    func close(abandonQueues: Bool = false) {
        for listener in listeners { listener.close(abandonQueue: abandonQueues) }
        listeners = []
        for file in unixFiles { file.remove() }
        unixFiles = []
    }
}

/// Counts of the acceptor; written on the control loop.
final class AcceptCounters: Sendable {
    let total = Counter()
    let fromBacklog = Counter()
    let refused = Counter()
    let errors = Counter()
}
