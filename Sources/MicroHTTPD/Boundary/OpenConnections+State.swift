internal import Basics
internal import CMicroHTTPD
internal import Glibc

extension OpenConnections {
    /// How often the reaper checks whether the client of a suspended connection is still there.
    static let presenceInterval = Duration.seconds(1)

    /// What is known of one connection.
    struct Entry {
        enum Exchange {
            case idle
            case active
            /// Waiting for the completion of this number.
            case suspended(UInt64)
            case completed(DeferredResponse.Maker)
            /// Its client hung up while it was suspended.
            case abandoned
            case streaming(StreamReader)
        }

        let connection: ServerConnection
        var exchange = Exchange.idle
        /// Called when the client hangs up while the connection is suspended.
        var disconnected: (@Sendable () -> Void)?
        /// When it was answered, or a grace period after it was accepted, sent the head of its request, or got the
        /// answer that it was suspended for, whichever came last. So clients that are served and come back at once
        /// cannot push out one whose request is on its way, and clients that have just connected cannot push out one
        /// whose answer is on its way.
        var waitingSince: MonotonicTime
        /// When it is shut down or, while it is suspended, when the reaper checks whether its client is still there.
        var deadline: MonotonicTime?
        private(set) var isEvicted = false

        init(_ connection: ServerConnection, now: MonotonicTime) {
            self.connection = connection
            waitingSince = now + Crowding.grace
        }

        /// Whether it can be asked to leave when others want in.
        var place: Crowding.Place {
            if isEvicted { return .leaving }
            return switch exchange {
            case .idle, .active: .waiting(since: waitingSince)
            case .suspended, .completed, .abandoned, .streaming: .held
            }
        }

        /// Shuts the connection down; the library closes it, without waiting for the client's end.
        mutating func evict() {
            deadline = nil
            isEvicted = true
            shutdown(connection.descriptor, Int32(SHUT_RDWR))
        }
    }

    /// Everything that the lock guards.
    struct State {
        enum Phase { case serving, stopping, closing }

        let configuration: HTTPServerConfiguration
        var phase = Phase.serving
        var connections: [ServerConnection.ID: Entry] = [:]
        var streams: [StreamReader.ID: StreamBuffer] = [:]
        /// Accepted clients that the library's thread has not taken over yet, in order.
        var handedOver: [Int32] = []
        /// The acceptor has no place, or pauses: it is woken when a connection ends.
        var acceptorWaits = false
        /// A connection has ended since the acceptor last looked.
        var hasFreedPlace = false
        /// Requests whose answer has not left yet.
        var inFlight = 0
        /// Numbers the suspensions.
        var suspensions: UInt64 = 0
        /// When the reaper looks again; nil: not before it is woken.
        private(set) var reaperDue: MonotonicTime?
        var mustWake = false

        init(configuration: HTTPServerConfiguration) {
            self.configuration = configuration
        }

        mutating func setDeadline(_ deadline: MonotonicTime, of connection: ServerConnection) {
            guard connections[connection.id]?.isEvicted == false else { return }
            connections[connection.id]?.deadline = deadline
            if deadline < reaperDue ?? .distantFuture {
                reaperDue = deadline
                mustWake = true
            }
        }
    }
}

// MARK: Making room

extension OpenConnections.State {
    /// In its next turn, the library closes a connection that was shut down. If a burst uses up the headroom before
    /// that, the next client waits in the accept queue.
    ///
    /// The address comes first: a client that made room there takes no place in the server any more.
    ///
    /// If a time is given, a client in its first moment is spared: no newcomer waits for the place.
    mutating func makeRoom(
        for newcomer: ServerConnection, sparingAt now: MonotonicTime? = nil
    ) -> Crowding.Extent? {
        let capacity = configuration.connectionLimit - configuration.headroom
        // With few connections, which is nearly always the case, no share can be used up.
        guard connections.count >= min(capacity, configuration.perAddressLimit) else { return nil }
        let isAddressCrowded = makeRoom(for: newcomer, capacity: configuration.perAddressLimit, now) {
            $0.sharesAddress(with: newcomer)
        }
        let isServerCrowded = makeRoom(for: newcomer, capacity: capacity, now) { _ in true }
        return isAddressCrowded ? .address : isServerCrowded ? .server : nil
    }

    private mutating func makeRoom(
        for newcomer: ServerConnection, capacity: Int, _ now: MonotonicTime?,
        among isNeighbour: (ServerConnection) -> Bool
    ) -> Bool {
        let present = connections.values.filter { $0.connection !== newcomer && isNeighbour($0.connection) }
        return evictLeaver(of: present, capacity: capacity, now)
    }

    /// Shuts down the one of `present` that `Crowding` names; false if it names none.
    private mutating func evictLeaver(
        of present: [OpenConnections.Entry], capacity: Int, _ now: MonotonicTime?
    ) -> Bool {
        let places = present.map { entry in now.map { Crowding.sparing(entry.place, at: $0) } ?? entry.place }
        guard let leaver = Crowding.leaver(of: places, capacity: capacity) else { return false }
        connections[present[leaver].connection.id]?.evict()
        return true
    }

    /// Shuts down the connection that has waited longest for its client, whatever the headroom. Shuts down none while
    /// another one is leaving, and none in its first moment.
    mutating func makeRoomForDescriptor(now: MonotonicTime) {
        let present = Array(connections.values)
        guard !present.contains(where: \.isEvicted) else { return }
        _ = evictLeaver(of: present, capacity: 0, now)
    }
}

// MARK: Reaping

extension OpenConnections.State {
    /// Returns the closures to call, without the lock, for clients that have hung up.
    mutating func endOverdue(now: MonotonicTime) -> [@Sendable () -> Void] {
        reaperDue = nil
        var disconnected: [@Sendable () -> Void] = []
        for entry in connections.values {
            guard var deadline = entry.deadline else { continue }
            if deadline <= now {
                guard isSuspended(entry), entry.connection.hasClient else {
                    if let body = entry.disconnected { disconnected.append(body) }
                    end(entry)
                    continue
                }
                deadline = now + OpenConnections.presenceInterval
                connections[entry.connection.id]?.deadline = deadline
            }
            reaperDue = min(reaperDue ?? deadline, deadline)
        }
        return disconnected
    }

    private func isSuspended(_ entry: OpenConnections.Entry) -> Bool {
        switch entry.exchange {
        case .suspended: true
        case .streaming(let reader): streams[reader.id]?.isSuspended == true
        case .idle, .active, .completed, .abandoned: false
        }
    }

    private mutating func end(_ entry: OpenConnections.Entry) {
        let id = entry.connection.id
        switch entry.exchange {
        case .suspended:
            connections[id]?.evict()
            connections[id]?.exchange = .abandoned
            connections[id]?.disconnected = nil
            MHD_resume_connection(entry.connection.handle)
        case .streaming(let reader): cut(reader)
        case .idle, .active, .completed, .abandoned: connections[id]?.evict()
        }
    }
}
