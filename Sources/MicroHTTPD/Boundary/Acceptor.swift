internal import Basics
internal import CMicroHTTPD
internal import Glibc
internal import Threads

/// Accepts the clients of a server and hands them to the library. Belongs to the reaper's thread.
///
/// The library's own accept stops after one EMFILE, ENFILE, ENOBUFS or ENOMEM until one of its connections ends, and
/// spins when there is none (faults.md, section 1.1). Here a shortage is a pause, and a client makes room.
struct Acceptor {
    /// Clients accepted at a time, so that the reaper gets its turn.
    private static let batch = 16
    private static let pauses = Duration.milliseconds(10)...Duration.seconds(1)

    let listeningSocket: Int32
    let daemon: OpaquePointer
    let connections: OpenConnections
    let log: LibraryLog

    /// The length of the last pause; nil when there is no shortage.
    private var pause: Duration?
    private var resumesAt = MonotonicTime(nanoseconds: 0)

    init(listeningSocket: Int32, daemon: OpaquePointer, connections: OpenConnections, log: LibraryLog) {
        self.listeningSocket = listeningSocket
        self.daemon = daemon
        self.connections = connections
        self.log = log
    }

    /// The socket to poll; nil if no client can be accepted: then the reaper is woken when a connection ends, which
    /// also ends a pause.
    func watched(now: MonotonicTime) -> Int32? {
        connections.canAccept(unless: due(now: now) != nil) ? listeningSocket : nil
    }

    /// When accepting is tried again; nil without a shortage.
    func due(now: MonotonicTime) -> MonotonicTime? {
        pause != nil && now < resumesAt ? resumesAt : nil
    }

    /// Accepts waiting clients as long as there are places. Call it only when the socket is readable: without a client
    /// in the queue, a shortage does not matter.
    mutating func accept(now: MonotonicTime) {
        for _ in 0..<Self.batch {
            guard connections.canAccept(unless: false) else { return }
            var address = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let client = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    accept4(listeningSocket, $0, &length, Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue))
                }
            }
            guard client >= 0 else {
                if failed(errno, now: now) { continue }
                return
            }
            pause = nil
            handOver(client, &address, length)
        }
    }

    private func handOver(_ client: Int32, _ address: inout sockaddr_storage, _ length: socklen_t) {
        connections.handingOver(client)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                MHD_add_connection(daemon, client, $0, length)
            }
        }
        // The library has closed it.
        if result != .YES { connections.handOverFailed(client) }
    }

    /// Whether to go on at once (accept(2), "Error handling").
    private mutating func failed(_ code: Int32, now: MonotonicTime) -> Bool {
        switch code {
        case EAGAIN: return false
        case EBADF, ENOTSOCK, EFAULT, EINVAL: preconditionFailure("accept on something that is not a listening socket")
        case EINTR, ECONNABORTED, EPROTO, ENOPROTOOPT, ENONET, EOPNOTSUPP, ENETDOWN, ENETUNREACH, EHOSTDOWN,
            EHOSTUNREACH, ETIMEDOUT:
            return true
        default:
            runShort(code, now: now)
            return false
        }
    }

    /// One client makes room for each pause, not for each attempt.
    private mutating func runShort(_ code: Int32, now: MonotonicTime) {
        if pause == nil {
            let text = String(cString: strerror(code))
            log.record(Array("cannot accept (\(text)): closing the connection that has waited longest".utf8), now: now)
        } else if now < resumesAt {
            return
        }
        let next = min(max((pause ?? .zero) * 2, Self.pauses.lowerBound), Self.pauses.upperBound)
        pause = next
        resumesAt = now + next
        connections.makeRoomForDescriptor(now: now)
    }
}

// MARK: - Places

/// The only limit of the server: the library's own is never reached, because a burst would deadlock its thread there
/// (faults.md, section 1.4). So clients on their way to the library's thread count, too.
extension OpenConnections {
    /// Whether there is a place for another client. If not, or in a pause, the reaper is woken when a connection ends.
    func canAccept(unless isPausing: Bool) -> Bool {
        state.withLock { state in
            let isFree = state.connections.count + state.handedOver.count < configuration.connectionLimit
            state.acceptorWaits = isPausing && !state.hasFreedPlace || !isFree
            state.hasFreedPlace = false
            return !state.acceptorWaits
        }
    }

    func handingOver(_ descriptor: Int32) {
        state.withLock { $0.handedOver.append(descriptor) }
    }

    func handOverFailed(_ descriptor: Int32) {
        state.withLock { $0.handedOver.removeAll { $0 == descriptor } }
    }

    /// The library has closed those that it had not taken over when it was stopped.
    func handOversEnded() {
        state.withLock { $0.handedOver = [] }
    }

    func makeRoomForDescriptor(now: MonotonicTime) {
        state.withLock { $0.makeRoomForDescriptor(now: now) }
    }
}

extension OpenConnections.State {
    /// The library takes clients over in the order in which they were handed to it: those before this one have failed.
    mutating func tookOver(_ descriptor: Int32) {
        guard let index = handedOver.firstIndex(of: descriptor) else { return }
        handedOver.removeSubrange(...index)
    }
}
