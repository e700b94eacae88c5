import Basics
import EchoCore
import EchoServer
import EventLoops
import Glibc
import Logging
import Options
import Threads
import Wire

/// The time before there is a service. Resolving names takes as long as the name servers need, so a separate thread
/// does it, and a signal can end the process meanwhile.
struct StartUp: Sendable {
    enum Outcome: Sendable {
        case resolved(listeners: [ResolvedAddress], admin: [ResolvedAddress])
        /// TERM, INT or QUIT came first. The thread that resolves is left behind.
        case interrupted
    }

    let options: ServeOptions
    let launchContext: LaunchContext
    let log: Logger
    let statusWithoutServer: StatusWithoutServer
    let logLevel: LogLevelController

    /// On the calling thread, which reads the signals until it returns.
    func resolve() throws -> Outcome {
        let loop = try EventLoop(name: "echod-start")
        let outcome = Lock<Result<Outcome, NameResolutionError>?>(nil)
        loop.post { watchSignals(loop, outcome) }
        let resolver = try JoinableThread(name: "echod-resolver") { [self] in
            let result = resolved()
            loop.post {
                // A signal that was read in the same turn wins.
                outcome.withLock { $0 = $0 ?? result }
                loop.stop()
            }
        }
        loop.run()
        let result = outcome.withLock { $0 } ?? .success(.interrupted)
        // An interrupted start does not wait for the name servers.
        if case .success(.interrupted) = result {} else { resolver.join() }
        return try result.get()
    }

    private func resolved() -> Result<Outcome, NameResolutionError> {
        do throws(NameResolutionError) {
            var listeners: [ResolvedAddress] = []
            for address in options.listen { listeners.append(try Resolution.resolve(address)) }
            var admin: [ResolvedAddress] = []
            for address in options.admin { admin.append(try Resolution.resolve(address)) }
            return .success(.resolved(listeners: listeners, admin: admin))
        } catch {
            return .failure(error)
        }
    }

    private func watchSignals(_ loop: EventLoop, _ outcome: Lock<Result<Outcome, NameResolutionError>?>) {
        let source = try? SignalSource(ProcessSignal.watched, on: loop) { number in
            guard let signal = ProcessSignal(number, launchContext: launchContext) else { return }
            log.signalReceived(number)
            switch signal {
            case .end:
                outcome.withLock { $0 = .success(.interrupted) }
                loop.stop()
            case .reload: logLevel.reload()
            case .logStatus: log.statusAskedFor(statusWithoutServer.status(.starting))
            }
        }
        // Without a source the signals stay pending, and the service handles them.
        source?.readinessChanged([])
    }
}

/// The status of the process while there is no server: before it starts, and if the start fails.
struct StatusWithoutServer: Sendable {
    private let startedAt = MonotonicTime.now.nanoseconds

    func status(_ state: ServiceState) -> ServiceStatus {
        let age = Duration.nanoseconds(MonotonicTime.now.nanoseconds - startedAt)
        return ServiceStatus(
            admin: [], listen: [], inState: state == .starting ? age : .zero, pid: Int(getpid()), state: state,
            uptime: age, version: Product.version)
    }
}

/// Names to addresses, before anything is bound.
enum Resolution {
    /// What `address` resolves to. A name that does not resolve is an error for a person.
    static func resolve(_ address: ListenAddress) throws(NameResolutionError) -> ResolvedAddress {
        let name = address.description
        switch address {
        case .host(let host, let port):
            return ResolvedAddress(name: name, candidates: try SocketAddress.resolve(host: host, port: port))
        case .everyInterface(let port):
            return ResolvedAddress(
                name: name, candidates: [.anyInterface(port: port), .anyIPv4Interface(port: port)],
                isAlternative: true)
        case .unix(let path):
            return ResolvedAddress(name: name, candidates: [.unix(path: path)])
        }
    }

    /// Whether clients can come over loopback only (Unix sockets apart).
    static func isLoopbackOnly(_ listeners: [ResolvedAddress]) -> Bool {
        listeners.allSatisfy { $0.candidates.allSatisfy(\.isLoopback) }
    }
}
