internal import EchoCore
internal import EventLoops

/// Whoever observes the service. Thread-safe; they are told on the control loop, and never with the lock held.
final class Observers: Sendable {
    typealias Observer = @Sendable (ServiceEvent, ServiceStatus) -> Void

    private struct State: Sendable {
        var observers: [UInt64: Observer] = [:]
        var last: UInt64 = 0
        /// `done` is told: nobody is told anything else.
        var isOver = false
    }

    private let state = Lock(State())

    var isEmpty: Bool { state.withLock { $0.observers.isEmpty } }

    func add(_ observer: @escaping Observer) -> UInt64 {
        state.withLock { state in
            state.last += 1
            state.observers[state.last] = observer
            return state.last
        }
    }

    func remove(_ number: UInt64) {
        // Let go outside the lock: what the observer holds may end here.
        _ = state.withLock { $0.observers.removeValue(forKey: number) }
    }

    /// Control loop only, so that everybody is told the same in the same order.
    func tell(_ event: ServiceEvent, _ status: ServiceStatus) {
        let observers: [Observer] = state.withLock { state in
            guard !state.isOver else { return [] }
            state.isOver = event == .done
            return Array(state.observers.values)
        }
        for observer in observers { observer(event, status) }
    }

    /// Control loop only. Somebody who comes after `done` is told that, and nothing else.
    func tellLatecomer(_ number: UInt64, _ status: ServiceStatus) {
        let observer = state.withLock { $0.isOver ? $0.observers[number] : nil }
        observer?(.done, status)
    }
}

/// Decides when observers are told. Control loop only.
final class Announcer {
    private static let interval: Int64 = 1_000_000_000

    private let control: EventLoop
    private let observers: Observers
    private weak var server: Server?
    private var timer: LoopTimer?
    private var isTicking = false
    /// The drain as observers were told of it last.
    private var toldDrain: DrainRecord?

    init(control: EventLoop, server: Server) {
        self.control = control
        self.server = server
        observers = server.observers
        timer = LoopTimer(on: control) { [weak self] in self?.secondPassed() }
    }

    /// Each state is told, also one that was left again before its turn came: then with the counts of now.
    func stateChanged(to state: ServiceState) {
        guard let server else { return }
        toldDrain = server.state.withLock { $0.machine.drain }
        var status = server.status()
        status.state = state
        if state != .drained, state != .exiting { status.exitCode = nil }
        observers.tell(.state, status)
    }

    /// Everything that was decided is done: what a drain has in force may have changed without a change of state.
    func decisionsAreDone() {
        guard let server else { return }
        let drain = server.state.withLock { $0.machine.drain }
        guard drain != toldDrain else { return }
        toldDrain = drain
        observers.tell(.state, server.status())
    }

    func exiting() {
        guard let server else { return }
        observers.tell(.done, server.status())
    }

    /// The ticks begin with the first observer, and end when none is left.
    func observerCame(_ number: UInt64) {
        guard let server else { return }
        observers.tellLatecomer(number, server.status())
        guard !isTicking else { return }
        isTicking = true
        timer?.set(at: control.now + Self.interval)
    }

    private func secondPassed() {
        isTicking = !observers.isEmpty
        guard isTicking else { return }
        timer?.set(at: control.now + Self.interval)
        // It completes on this loop.
        server?.sampleStatus { [observers] status in observers.tell(.totals, status) }
    }
}
