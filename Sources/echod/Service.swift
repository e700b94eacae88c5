import Admin
import Basics
import EchoCore
import EchoServer
import EventLoops
import Glibc
import Logging
import Logs
import Options
import Threads
import Wire

/// The process: where the data plane, the admin plane, signals and logs meet.
final class Service {
    let options: ServeOptions
    private let launchContext: LaunchContext
    private let ending: ProcessEnding
    let log: Logger
    let logLevel: LogLevelController
    private let statusWithoutServer = StatusWithoutServer()

    init(_ options: ServeOptions, launchContext: LaunchContext) {
        self.options = options
        self.launchContext = launchContext
        let output = LogOutput(level: options.logLevel, format: options.logFormat)
        log = output.logger()
        logLevel = LogLevelController(options, output: output, log: log)
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
            ending.report(statusWithoutServer.status(.exiting), code: .failure)
            return Int32(ExitCode.failure.rawValue)
        }
    }

    private func serve() throws -> ExitCode {
        let start = StartUp(
            options: options, launchContext: launchContext, log: log, statusWithoutServer: statusWithoutServer,
            logLevel: logLevel)
        switch try start.resolve() {
        case .interrupted: return ending.report(statusWithoutServer.status(.exiting), code: .success)
        case .resolved(let listeners, let admin): return try serve(listeners, admin)
        }
    }

    private func serve(_ listeners: [ResolvedAddress], _ adminListeners: [ResolvedAddress]) throws -> ExitCode {
        let budget = try budget(listeners, adminListeners)
        let configuration = try configuration(listeners, drainDefaults(listeners), budget)
        let control = try EventLoop(name: "echod-control")
        let loops = try (0..<options.loops).map { try EventLoop(name: "echod-loop-\($0)") }
        let exiting = Latch()
        let server = Server(
            configuration, control: control, loops: loops, processID: Int(getpid()), log: log,
            ending: .init(orderly: { _ in exiting.open() }, immediate: { [ending] in ending.atOnce($0, $1) }))
        let admin = try AdminPlane(
            adminListeners, service: server, configuration: try adminConfiguration(adminListeners, configuration),
            process: { ProcessFigures.now() }, share: budget.admin, log: log)
        server.setAdminAddresses(admin.addresses)
        ending.beforeEndingAtOnce { admin.removeFiles() }
        control.post { [launchContext, logLevel, log] in
            SignalHandler(control, server, launchContext, logLevel, log).watch()
        }
        let thread = try JoinableThread(name: control.name) { control.run() }
        // The control loop outlives the others: even while one of them is stuck, it ends the process in time.
        try withRunningLoops(loops, run: { server.run($0) }) {
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

    /// The report is written before the admin stops. But a connection that has not ended yet may still make the exit
    /// code worse: then the report waits for it.
    private func reportUnlessLoopsAreStuck(_ server: Server) {
        let status = server.status()
        if status.connections.active == 0 { ending.report(status) }
    }
}
