internal import EchoCore
internal import EventLoops
internal import Threads
internal import Wire

/// The observers of the service. Thread-safe; they are told on the control loop, and never with the lock held.
final class Observers: Sendable {
    typealias Observer = @Sendable (ServiceEvent, ServiceStatus) -> Void

    private struct State: Sendable {
        var observers: [UInt64: Observer] = [:]
        var last: UInt64 = 0
        /// `done` was told: no observer is told anything else.
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
        // Released outside the lock: what the observer holds may be freed here.
        _ = state.withLock { $0.observers.removeValue(forKey: number) }
    }

    /// Control loop only, so that all observers are told the same in the same order.
    func tell(_ event: ServiceEvent, _ status: ServiceStatus) {
        let observers: [Observer] = state.withLock { state in
            guard !state.isOver else { return [] }
            state.isOver = event == .done
            return Array(state.observers.values)
        }
        for observer in observers { observer(event, status) }
    }

    /// Control loop only. An observer that comes after `done` is told that, and nothing else.
    func tellLatecomer(_ number: UInt64, _ status: ServiceStatus) {
        let observer = state.withLock { $0.isOver ? $0.observers[number] : nil }
        observer?(.done, status)
    }
}

/// Decides when observers are told. Control loop only.
final class Announcer {
    private static let interval: Int64 = 1_000_000_000

    private let observers: Observers
    private let lifecycle: Lifecycle
    private let sampler: Sampler
    private let control: EventLoop
    private lazy var timer = LoopTimer(on: control) { [unowned self] in secondPassed() }
    private var isTicking = false
    /// The drain as observers were last told of it.
    private var toldDrain: DrainRecord?

    init(_ observers: Observers, _ lifecycle: Lifecycle, _ sampler: Sampler, control: EventLoop) {
        self.observers = observers
        self.lifecycle = lifecycle
        self.sampler = sampler
        self.control = control
    }

    /// Tells every state, even one that has been left again by now; then with the current counts.
    func stateChanged(to state: ServiceState) {
        toldDrain = lifecycle.drain
        var status = lifecycle.status()
        status.state = state
        if state != .drained, state != .exiting { status.exitCode = nil }
        observers.tell(.state, status)
    }

    /// Everything that was decided is done: what a drain has in force may have changed without a change of state.
    func decisionsAreDone() {
        let drain = lifecycle.drain
        guard drain != toldDrain else { return }
        toldDrain = drain
        observers.tell(.state, lifecycle.status())
    }

    func exiting() {
        observers.tell(.done, lifecycle.status())
    }

    /// The ticks begin with the first observer, and end when none is left.
    func observerCame(_ number: UInt64) {
        observers.tellLatecomer(number, lifecycle.status())
        guard !isTicking else { return }
        isTicking = true
        timer.set(at: control.now + Self.interval)
    }

    private func secondPassed() {
        isTicking = !observers.isEmpty
        guard isTicking else { return }
        timer.set(at: control.now + Self.interval)
        // It completes on this loop.
        sampler.sampleStatus { [observers] status in observers.tell(.totals, status) }
    }
}
