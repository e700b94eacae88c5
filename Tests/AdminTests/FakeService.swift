import EchoCore
import Synchronization
import Threads
import Wire

/// A service that answers as a test tells it to, and remembers what it was asked.
final class FakeService: ServiceControl {
    struct Waiter: Sendable {
        var id: Int
        var milestone: DrainMilestone
        var limit: Duration?
        var completion: @Sendable (DrainWaitOutcome, ServiceStatus) -> Void
    }

    struct Closing: Hashable, Sendable {
        var id: UInt64
        var mode: ConnectionCloseMode
    }

    struct State: Sendable {
        var status = ServiceStatus.sample
        var sample: ServiceStatus?
        var page: ConnectionPage? = ConnectionPage(connections: [], next: nil, total: 0)
        var lookup = ConnectionLookup.notFound
        var outcome = DrainReply.Outcome.started
        var isStuck = false
        var takesWaiters = true
        var undrain = UndrainReply.serving
        /// nil: `status` and nothing else.
        var measurements: ServiceMeasurements?
        var samples: [ServiceSample] = []

        var queries: [ConnectionQuery] = []
        var lookedUp: [UInt64] = []
        var closed: [Closing] = []
        var drainRequests: [DrainRequest] = []
        var waiters: [Waiter] = []
        /// Numbers of waiters that have gone.
        var gone: [UInt64] = []
        var observers: [UInt64: Observer] = [:]
        var lastObserver: UInt64 = 0
        /// `done` was told.
        var isOver = false
    }

    typealias Observer = @Sendable (ServiceEvent, ServiceStatus) -> Void

    private let state: Mutex<State>

    init(_ configure: (inout State) -> Void = { _ in }) {
        var initial = State()
        configure(&initial)
        state = Mutex(initial)
    }

    /// What the service was asked so far.
    var seen: State { state.withLock { $0 } }

    /// Tells every waiter that the drain is over, or that its limit is.
    func finishWaits(_ outcome: DrainWaitOutcome) {
        let (waiters, status) = state.withLock { ($0.waiters, $0.status) }
        for waiter in waiters { waiter.completion(outcome, status) }
    }

    func status() -> ServiceStatus { seen.status }

    func sampleStatus(_ completion: @escaping @Sendable (ServiceStatus) -> Void) {
        completion(seen.sample ?? seen.status)
    }

    func connections(_ query: ConnectionQuery, _ completion: @escaping @Sendable (ConnectionPage.Maker?) -> Void) {
        state.withLock { $0.queries.append(query) }
        guard let page = seen.page else { return completion(nil) }
        completion { page }
    }

    func connection(id: UInt64, _ completion: @escaping @Sendable (ConnectionLookup) -> Void) {
        state.withLock { $0.lookedUp.append(id) }
        completion(seen.lookup)
    }

    func closeConnection(
        id: UInt64, mode: ConnectionCloseMode, _ completion: @escaping @Sendable (ConnectionLookup) -> Void
    ) {
        state.withLock { $0.closed.append(Closing(id: id, mode: mode)) }
        completion(seen.lookup)
    }

    func measure() -> ServiceMeasurements {
        let seen = self.seen
        return seen.measurements ?? ServiceMeasurements(status: seen.status, maximumConnections: 100)
    }

    func recentSamples() -> [ServiceSample] { seen.samples }

    func requestDrain(_ request: DrainRequest) -> DrainReply {
        state.withLock {
            $0.drainRequests.append(request)
            return DrainReply(outcome: $0.outcome, status: $0.status)
        }
    }

    func requestUndrain(_ completion: @escaping @Sendable (UndrainReply, ServiceStatus) -> Void) {
        completion(seen.undrain, seen.status)
    }

    func awaitDrain(
        id: Int, _ milestone: DrainMilestone, limit: Duration?,
        _ completion: @escaping @Sendable (DrainWaitOutcome, ServiceStatus) -> Void
    ) -> UInt64? {
        state.withLock {
            guard $0.takesWaiters else { return nil }
            $0.waiters.append(Waiter(id: id, milestone: milestone, limit: limit, completion: completion))
            return UInt64($0.waiters.count)
        }
    }

    func stopWaiting(_ waiter: UInt64) {
        state.withLock { $0.gone.append(waiter) }
    }

    func observe(_ observer: @escaping Observer) -> ServiceObservation {
        let (number, isOver, status) = state.withLock {
            $0.lastObserver += 1
            $0.observers[$0.lastObserver] = observer
            return ($0.lastObserver, $0.isOver, $0.status)
        }
        if isOver { observer(.done, status) }
        return ServiceObservation { [weak self] in
            _ = self?.state.withLock { $0.observers.removeValue(forKey: number) }
        }
    }

    /// Tells every observer what the service would.
    func tell(_ event: ServiceEvent, _ change: (inout ServiceStatus) -> Void = { _ in }) {
        let (observers, status) = state.withLock { state in
            change(&state.status)
            state.isOver = state.isOver || event == .done
            return (Array(state.observers.values), state.status)
        }
        for observer in observers { observer(event, status) }
    }

    func isStuck() -> Bool { seen.isStuck }
}

extension ServiceStatus {
    /// The contract's sample.
    static let sample = ServiceStatus(
        admin: ["127.0.0.1:8889"], listen: ["127.0.0.1:8888"],
        bytes: Bytes(received: 1_048_576, sent: 1_048_576, unacked: 4096, unread: 0),
        connections: Connections(accepted: 60, active: 2, closed: [.drained: 50, .peerClosed: 8]),
        drain: Drain(
            id: 1, intent: .hold, mode: .close, trigger: .api, delay: .zero, timeout: .seconds(20),
            elapsed: .milliseconds(3120), deadlineIn: .milliseconds(16_880),
            blockedOn: [.peerClose: 1, .peerRead: 1], waiters: 1,
            counts: [.atMark: 52, .closed: 50, .fromBacklog: 4, .lateDiscarded: 120]),
        inState: .milliseconds(3120), lines: 16_384, pid: 4711, state: .draining, uptime: .seconds(86_400),
        version: "0.1.0")
}

extension ConnectionInfo {
    /// The contract's sample row.
    static let sample = ConnectionInfo(
        id: 17, peer: "10.0.0.9:51234", local: "10.0.0.5:7", mode: .upper,
        openedAt: "2026-11-21T12:00:00.000Z", age: .seconds(9), idle: .milliseconds(80), state: .open,
        lines: 64, received: 4096, sent: 4096, partialLine: 3)
}
