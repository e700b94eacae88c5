import Admin
import EchoCore
import EventLoops
import Glibc
import Logging
import Logs
import Threads
import Wire

/// The end of the process, orderly or immediate: report, log, exit code. Thread-safe, because the immediate end may
/// overtake the orderly one.
final class ProcessEnding: Sendable {
    private struct State: Sendable {
        var report: ReportFile?
        var tidy: (@Sendable () -> Void)?
    }

    private let output: LogOutput
    private let log: Logger
    private let state = Lock(State())

    init(output: LogOutput, log: Logger) {
        self.output = output
        self.log = log
    }

    /// At the start. A file that cannot be opened is an error for a person.
    func openReport(_ path: String) throws(ReportError) {
        let report = try ReportFile(path: path)
        state.withLock { $0.report = report }
    }

    /// Files to remove at an immediate end.
    func beforeEndingAtOnce(_ tidy: @escaping @Sendable () -> Void) {
        state.withLock { $0.tidy = tidy }
    }

    /// Writes the report, if there is one and it is not written yet, and returns the exit code it names: that of
    /// `status`, else `code`. A report that cannot be written changes nothing else.
    @discardableResult
    func report(_ status: ServiceStatus, code: ExitCode = .failure) -> ExitCode {
        var status = status
        let code = status.exitCode.flatMap { ExitCode(rawValue: $0) } ?? code
        status.exitCode = code.rawValue
        do throws(ReportError) {
            try state.withLock { $0.report }?.write(StatusReport.line(status))
        } catch {
            log.reportUnwritable(error)
        }
        return code
    }

    /// Ends at once, after a second signal or when the orderly end takes too long. Bytes lost since that was decided
    /// may make the exit code worse.
    func atOnce(_ code: ExitCode, _ status: ServiceStatus) {
        let code = report(status, code: code)
        log.endingAtOnce(code.rawValue)
        state.withLock { $0.tidy }?()
        flush()
        _exit(Int32(code.rawValue))
    }

    func flush() { output.flush() }
}
