import Admin
import EchoCore
import EchoServer
import EventLoops
import Glibc
import Logging

/// The process: where the data plane, the admin plane, signals and logs meet.
final class Service {
    private let options: ServeOptions
    private let surroundings: Surroundings
    private let ending: ProcessEnding
    private let log: Logger
    private let logLevel: LogLevelDesk
    private let life = LifeWithoutServer()

    private var acceptQueue = AcceptQueueGuarantee.lossless

    init(_ options: ServeOptions, surroundings: Surroundings) {
        self.options = options
        self.surroundings = surroundings
        let output = LogOutput(level: options.logLevel, format: options.logFormat)
        log = output.logger()
        logLevel = LogLevelDesk(options, output: output, log: log)
        ending = ProcessEnding(output: output, log: log)
    }

    /// From start to end, on the calling thread. Returns the exit code; by then the report is written, unless its file
    /// could not even be opened.
    func run() -> Int32 {
        defer { ending.flush() }
        do {
            if let path = options.report { try ending.openReport(path) }
            let code = try serve()
            log.ended(code.rawValue)
            return Int32(code.rawValue)
        } catch {
            log.critical("cannot start: \(error)")
            ending.report(life.status(.exiting), code: .failure)
            return Int32(ExitCode.failure.rawValue)
        }
    }

    private func serve() throws -> ExitCode {
        let start = StartUp(options: options, surroundings: surroundings, log: log, life: life, logLevel: logLevel)
        switch try start.resolve() {
        case .interrupted: return ending.report(life.status(.exiting), code: .success)
        case .resolved(let listeners, let admin): return try serve(listeners, admin)
        }
    }

    private func serve(_ listeners: [ListenerAddress], _ adminListeners: [ListenerAddress]) throws -> ExitCode {
        let isLoopbackOnly = Resolution.isLoopbackOnly(listeners)
        acceptQueue = Self.acceptQueue(
            listeners, linger: options.drainDefaults(everyTCPListenerIsLoopback: isLoopbackOnly).acceptLinger, log: log)
        let control = try EventLoop(name: "echod-control")
        let loops = try (0..<options.loops).map { try EventLoop(name: "echod-loop-\($0)") }
        let exiting = Latch()
        let server = Server(
            configuration(listeners), control: control, loops: loops, processID: Int(getpid()), log: log,
            ending: .init(orderly: { _ in exiting.open() }, immediate: { [ending] in ending.atOnce($0, $1) }))
        let admin = try AdminPlane(
            adminListeners, service: server, configuration: try adminConfiguration(listeners, adminListeners),
            process: { ProcessFigures.now() }, budget: budget(server), log: log)
        server.setAdminAddresses(admin.addresses)
        ending.beforeEndingAtOnce { admin.removeFiles() }
        control.post { [surroundings, logLevel, log] in
            SignalDesk(control, server, surroundings, logLevel, log).watch()
        }
        let thread = try JoinableThread(name: control.name) { control.run() }
        // The control loop outlives the others: while one of them is stuck it still ends the process in time.
        try withRunningLoops(loops, root: { await server.serve(on: $0) }) {
            server.open()
            exiting.wait()
            reportUnlessLoopsAreStuck(server)
            admin.stop()
            server.finish()
        }
        control.post { control.stop() }
        thread.join()
        return ending.report(server.status())
    }

    /// Who sees the admin go finds the report. But what a connection that has not ended yet counts may still make the
    /// exit code worse: then the report waits for it.
    private func reportUnlessLoopsAreStuck(_ server: Server) {
        let status = server.status()
        if status.connections.active == 0 { ending.report(status) }
    }

    private func budget(_ server: Server) -> DescriptorBudget {
        let budget = DescriptorBudget(limit: HostLimits.ofThisProcess().descriptorLimit)
        budget.add { Int(server.status().connections.active) }
        return budget
    }

    private func configuration(_ listeners: [ListenerAddress]) -> ServerConfiguration {
        ServerConfiguration(
            listeners: listeners, mode: options.mode, maximumConnections: options.maxConnections,
            maximumLineLength: options.maxLine, idleTimeout: options.idleTimeout,
            writeTimeout: options.writeTimeout, linger: options.linger, drain: drainDefaults(listeners),
            version: Product.version)
    }

    private func adminConfiguration(
        _ listeners: [ListenerAddress], _ adminListeners: [ListenerAddress]
    ) throws -> AdminConfiguration {
        let token = try options.adminTokenFile.map { path in try TokenFile(path: path, log: log) }
        let isRemote = !Resolution.isLoopbackOnly(adminListeners)
        if options.adminAllowRemote, token == nil, isRemote {
            log.remoteAdminWithoutToken(options.admin.map(\.description))
        }
        let drain = drainDefaults(listeners)
        return AdminConfiguration(
            allowedHosts: options.adminHosts, allowRemote: options.adminAllowRemote, token: token, userID: getuid(),
            drainDefaults: drain, version: Product.version,
            settings: RunningSettings(given: options, acceptLinger: drain.acceptLinger, desk: logLevel),
            log: log)
    }

    private func drainDefaults(_ listeners: [ListenerAddress]) -> DrainDefaults {
        var defaults = options.drainDefaults(everyTCPListenerIsLoopback: Resolution.isLoopbackOnly(listeners))
        defaults.acceptQueue = acceptQueue
        return defaults
    }

    /// How well the listeners can be closed, tried once before they are opened. Unix sockets need neither linger nor
    /// mark.
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
