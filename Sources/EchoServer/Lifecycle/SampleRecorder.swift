internal import Basics
internal import EchoCore
internal import EventLoops
internal import Threads

/// Takes the samples of the service's history. Control loop only.
final class SampleRecorder {
    private let lifecycle: Lifecycle
    private let history: Lock<SampleHistory>
    private let control: EventLoop
    private lazy var timer = LoopTimer(on: control) { [unowned self] in sampleIsDue() }

    init(_ lifecycle: Lifecycle, _ history: Lock<SampleHistory>, control: EventLoop) {
        self.lifecycle = lifecycle
        self.history = history
        self.control = control
    }

    func clientCame() {
        let uptime = MonotonicTime(nanoseconds: control.now) - lifecycle.startedAt
        // nil means that the due time is known already, so the timer is set.
        guard let due = history.withLock({ $0.clientCame(at: uptime) }) else { return }
        timer.set(at: (lifecycle.startedAt + due).nanoseconds)
    }

    private func sampleIsDue() {
        let sample = ServiceSample(lifecycle.status())
        let due = history.withLock { $0.record(sample) }
        timer.set(at: due.map { (lifecycle.startedAt + $0).nanoseconds })
    }
}
