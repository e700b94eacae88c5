import EchoCore
import EchoServer
import EventLoops
import Logging

/// The time before there is a service: names are resolved, which takes as long as their servers please.
///
/// A thread of its own does it, so that a signal ends the process at once meanwhile.
struct StartUp: Sendable {
    enum Outcome: Sendable {
        case resolved(listeners: [ListenerAddress], admin: [ListenerAddress])
        /// TERM, INT or QUIT came first. The thread that resolves is left behind.
        case interrupted
    }

    let options: ServeOptions
    let surroundings: Surroundings
    let log: Logger
    let life: LifeWithoutServer
    let logLevel: LogLevelDesk

    /// On the calling thread, which reads the signals until it returns.
    func resolve() throws -> Outcome {
        let loop = try EventLoop(name: "echod-start")
        let outcome = Lock<Result<Outcome, NameResolutionError>?>(nil)
        loop.post { watchSignals(loop, outcome) }
        // Not joined: an interrupted start does not wait for it, and otherwise this is the last it does.
        _ = try JoinableThread(name: "echod-resolver") { [self] in
            let result = resolved()
            loop.post {
                // A signal that was read in the same turn stands.
                outcome.withLock { $0 = $0 ?? result }
                loop.stop()
            }
        }
        loop.run()
        return try outcome.withLock { try $0?.get() ?? .interrupted }
    }

    private func resolved() -> Result<Outcome, NameResolutionError> {
        do throws(NameResolutionError) {
            var listeners: [ListenerAddress] = []
            for address in options.listen { listeners.append(try Resolution.resolve(address)) }
            var admin: [ListenerAddress] = []
            for address in options.admin { admin.append(try Resolution.resolve(address)) }
            return .success(.resolved(listeners: listeners, admin: admin))
        } catch {
            return .failure(error)
        }
    }

    private func watchSignals(_ loop: EventLoop, _ outcome: Lock<Result<Outcome, NameResolutionError>?>) {
        let source = try? SignalSource(ProcessSignal.watched, on: loop) { number in
            guard let signal = ProcessSignal(number, surroundings: surroundings) else { return }
            log.signalReceived(number)
            switch signal {
            case .end:
                outcome.withLock { $0 = .success(.interrupted) }
                loop.stop()
            case .reload: logLevel.reload()
            case .logStatus: log.statusAskedFor(life.status(.starting))
            }
        }
        // Without a source they stay pending, and the service takes them up.
        source?.readinessChanged([])
    }
}
