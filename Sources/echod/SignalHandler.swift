import Basics
import EchoServer
import EventLoops
import Logging
import Threads
import Wire

/// Carries out what signals ask for, once there is a service. On the control loop only.
final class SignalHandler {
    private let control: EventLoop
    private let server: Server
    private let launchContext: LaunchContext
    private let logLevel: LogLevelController
    private let log: Logger
    private var notices = DrainNotices()

    init(
        _ control: EventLoop, _ server: Server, _ launchContext: LaunchContext, _ logLevel: LogLevelController,
        _ log: Logger
    ) {
        self.control = control
        self.server = server
        self.launchContext = launchContext
        self.logLevel = logLevel
        self.log = log
    }

    /// Handles the pending signals at once, then those to come.
    func watch() {
        do {
            let source = try SignalSource(ProcessSignal.watched, on: control) { self.received($0) }
            // A signal that came while the admin was bound takes effect before the listeners are opened.
            source.readinessChanged([])
        } catch {
            log.error(
                "signals cannot be watched: only the admin plane can stop this process",
                metadata: ["error": "\(error)"])
        }
    }

    private func received(_ number: Int32) {
        guard let signal = ProcessSignal(number, launchContext: launchContext) else { return }
        log.signalReceived(number)
        switch signal {
        case .end(let signal):
            server.signalReceived(signal)
            guard launchContext.hasReader, notices.signalReceived(signal) else { return }
            // Posted, so that the notice follows the log line `draining`.
            onControl { $0.drainBegun() }
        case .reload: logLevel.reload()
        case .logStatus: server.sampleStatus { [log] in log.statusAskedFor($0) }
        }
    }

    private func drainBegun() {
        if let notice = notices.begun(server.status(), at: now) { log.notice("\(notice)") }
        lookAgain()
    }

    /// Samples what the drain waits for when the next notice is due.
    private func lookAgain() {
        guard let next = notices.next else { return }
        control.call(after: max(0, (next - now).inNanoseconds)) { [weak self] in
            guard let self else { return }
            let control = self.control
            let handler = LoopBound(self, on: control)
            self.server.sampleStatus { status in control.post { handler.value.sampled(status) } }
        }
    }

    private func sampled(_ status: ServiceStatus) {
        if let notice = notices.sampled(status, at: now) { log.notice("\(notice)") }
        lookAgain()
    }

    private func onControl(_ body: @escaping @Sendable (SignalHandler) -> Void) {
        let handler = LoopBound(self, on: control)
        control.post { body(handler.value) }
    }

    /// The clock itself and not the start of the turn, so that no timer seems to have come too early.
    private var now: MonotonicTime { MonotonicTime.now }
}
