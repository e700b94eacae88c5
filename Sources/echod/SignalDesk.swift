import EchoCore
import EchoServer
import EventLoops
import Logging

/// Does what signals ask for, once the service stands. On the control loop only.
final class SignalDesk {
    private let control: EventLoop
    private let server: Server
    private let surroundings: Surroundings
    private let logLevel: LogLevelDesk
    private let log: Logger
    private var notices = DrainNotices()

    init(
        _ control: EventLoop, _ server: Server, _ surroundings: Surroundings, _ logLevel: LogLevelDesk, _ log: Logger
    ) {
        self.control = control
        self.server = server
        self.surroundings = surroundings
        self.logLevel = logLevel
        self.log = log
    }

    /// Takes those that are pending at once, then those to come.
    func watch() {
        do {
            let source = try SignalSource(ProcessSignal.watched, on: control) { self.received($0) }
            // What came while names were resolved or the admin was bound takes effect before the listeners are.
            source.readinessChanged([])
        } catch {
            log.error(
                "signals cannot be watched: only the admin plane can stop this process",
                metadata: ["error": "\(error)"])
        }
    }

    private func received(_ number: Int32) {
        guard let signal = ProcessSignal(number, surroundings: surroundings) else { return }
        log.signalReceived(number)
        switch signal {
        case .end(let signal):
            server.signalReceived(signal)
            guard surroundings.hasReader, notices.signalReceived(signal) else { return }
            // After what the signal began, so that the notice does not stand above `draining`.
            onControl { $0.drainBegun() }
        case .reload: logLevel.reload()
        case .logStatus: server.sampleStatus { [log] in log.statusAskedFor($0) }
        }
    }

    private func drainBegun() {
        if let notice = notices.begun(server.status(), at: now) { log.notice("\(notice)") }
        lookAgain()
    }

    /// Samples what the drain waits for when it is time, as long as somebody is to be told.
    private func lookAgain() {
        guard let next = notices.next else { return }
        control.call(after: max(0, (next - now).inNanoseconds)) { [weak self] in
            guard let self else { return }
            let control = self.control
            let desk = LoopBound(self, on: control)
            self.server.sampleStatus { status in control.post { desk.value.sampled(status) } }
        }
    }

    private func sampled(_ status: ServiceStatus) {
        if let notice = notices.sampled(status, at: now) { log.notice("\(notice)") }
        lookAgain()
    }

    private func onControl(_ body: @escaping @Sendable (SignalDesk) -> Void) {
        let desk = LoopBound(self, on: control)
        control.post { body(desk.value) }
    }

    /// The clock itself and not the turn's beginning, so that no timer seems to have come too early.
    private var now: MonotonicTime { MonotonicTime(nanoseconds: EventLoop.monotonicNow()) }
}
