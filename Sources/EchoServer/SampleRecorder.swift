internal import EchoCore
internal import EventLoops

/// Takes the samples of the service's history. Control loop only.
final class SampleRecorder {
    private weak var server: Server?
    private var timer: LoopTimer?

    init(server: Server) {
        self.server = server
        timer = LoopTimer(on: server.control) { [weak self] in self?.sampleIsDue() }
    }

    func clientCame() {
        guard let server else { return }
        let uptime = MonotonicTime(nanoseconds: server.control.now) - server.startedAt
        // Not known already: the timer stands still.
        guard let due = server.history.withLock({ $0.clientCame(at: uptime) }) else { return }
        timer?.set(at: (server.startedAt + due).nanoseconds)
    }

    private func sampleIsDue() {
        guard let server else { return }
        let sample = ServiceSample(server.status())
        let due = server.history.withLock { $0.record(sample) }
        timer?.set(at: due.map { (server.startedAt + $0).nanoseconds })
    }
}
