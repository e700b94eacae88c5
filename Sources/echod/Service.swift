import Admin
import EchoCore
import EchoServer
import EventLoops
import Glibc
import Logging

/// The process: where the data plane, the admin plane, signals and logs meet.
final class Service {
    private let options: ServeOptions
    private let output: LogOutput
    private let log: Logger

    init(_ options: ServeOptions) {
        self.options = options
        output = LogOutput(level: options.logLevel, format: options.logFormat)
        log = output.logger()
    }

    private var acceptQueue = AcceptQueueGuarantee.lossless

    /// From start to end, on the calling thread, which becomes the control loop. Returns the exit code.
    func run() -> Int32 {
        defer { output.flush() }
        do {
            let code = try serve()
            log.notice("exit", metadata: ["code": "\(code)"])
            return code
        } catch {
            log.critical("cannot start: \(error)")
            return Int32(ExitCode.failure.rawValue)
        }
    }

    private func serve() throws -> Int32 {
        let listeners = try options.listen.map(Resolution.resolve)
        let adminListeners = try options.admin.map(Resolution.resolve)
        let isLoopbackOnly = Resolution.isLoopbackOnly(listeners)
        acceptQueue = Self.acceptQueue(
            listeners, linger: options.drainDefaults(everyTCPListenerIsLoopback: isLoopbackOnly).acceptLinger, log: log)
        let control = try EventLoop(name: "echod-control")
        let loops = try (0..<options.loops).map { try EventLoop(name: "echod-loop-\($0)") }
        let exiting = Latch()
        let server = Server(
            configuration(listeners), control: control, loops: loops, processID: Int(getpid()), log: log,
            ending: .init(orderly: { _ in exiting.open() }, immediate: endNow()))
        let admin = try AdminPlane(
            adminListeners, service: server, configuration: adminConfiguration(listeners),
            budget: budget(server), log: log)
        server.setAdminAddresses(admin.addresses)
        watchSignals(control, server)
        let thread = try JoinableThread(name: control.name) { control.run() }
        // The control loop outlives the others: while one of them is stuck it still ends the process in time.
        try withRunningLoops(loops, root: { await server.serve(on: $0) }) {
            server.open()
            exiting.wait()
            admin.stop()
            server.finish()
        }
        control.post { control.stop() }
        thread.join()
        return Int32(server.status().exitCode ?? ExitCode.failure.rawValue)
    }

    /// For when the orderly end takes too long, or somebody insists.
    private func endNow() -> @Sendable (ExitCode) -> Void {
        { [log, output] code in
            log.error("ending at once", metadata: ["code": "\(code.rawValue)"])
            output.flush()
            _exit(Int32(code.rawValue))
        }
    }

    private func budget(_ server: Server) -> DescriptorBudget {
        let budget = DescriptorBudget(limit: HostLimits.ofThisProcess().descriptorLimit)
        budget.add { Int(server.status().connections.active) }
        return budget
    }

    private func watchSignals(_ control: EventLoop, _ server: Server) {
        control.post { [log] in
            let signals: [Int32: TerminationSignal] = [SIGTERM: .terminate, SIGINT: .interrupt, SIGQUIT: .quit]
            let source = try? SignalSource(Array(signals.keys), on: control) { number in
                guard let signal = signals[number] else { return }
                log.notice("signal", metadata: ["signal": "\(signal.rawValue)"])
                server.signalReceived(signal)
            }
            if source == nil { log.error("signals cannot be watched: only the admin plane can stop this process") }
        }
    }

    private func configuration(_ listeners: [ListenerAddress]) -> ServerConfiguration {
        ServerConfiguration(
            listeners: listeners, mode: options.mode, maximumConnections: options.maxConnections,
            maximumLineLength: options.maxLine, idleTimeout: options.idleTimeout,
            writeTimeout: options.writeTimeout, linger: options.linger, drain: drainDefaults(listeners),
            version: Product.version)
    }

    private func adminConfiguration(_ listeners: [ListenerAddress]) -> AdminConfiguration {
        AdminConfiguration(
            allowedHosts: options.adminHosts, allowRemote: options.adminAllowRemote, userID: getuid(),
            drainDefaults: drainDefaults(listeners), version: Product.version)
    }

    private func drainDefaults(_ listeners: [ListenerAddress]) -> DrainDefaults {
        var defaults = options.drainDefaults(everyTCPListenerIsLoopback: Resolution.isLoopbackOnly(listeners))
        defaults.acceptQueue = acceptQueue
        return defaults
    }

    /// How well the listeners can be closed, tried once before they are opened. Unix sockets need no linger and no mark.
    private static func acceptQueue(_ listeners: [ListenerAddress], linger: Duration, log: Logger)
        -> AcceptQueueGuarantee
    {
        guard listeners.contains(where: { $0.candidates.contains { $0.port != nil } }) else { return .lossless }
        guard ListeningSocket.canRefuseNewClients() else {
            log.warning(
                """
                this kernel cannot refuse new clients before a listener closes (SO_BINDTOIFINDEX, Linux 5.1): \
                clients that connect while a drain begins may be reset
                """, metadata: ["accept_queue": "best_effort"])
            return .bestEffort
        }
        guard linger > .zero else {
            log.warning(
                "with --accept-linger 0s clients whose handshake is under way when a drain begins may be reset",
                metadata: ["accept_queue": "best_effort"])
            return .bestEffort
        }
        return .lossless
    }
}
