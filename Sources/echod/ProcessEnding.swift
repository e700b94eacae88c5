import Admin
import EchoCore
import EventLoops
import Glibc
import Logging

/// The last things the process does, on whichever way it ends: report, log, exit code. Thread-safe, because the
/// immediate end may overtake the orderly one.
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

    /// What is left to remove when nobody is waited for.
    func beforeEndingAtOnce(_ tidy: @escaping @Sendable () -> Void) {
        state.withLock { $0.tidy = tidy }
    }

    /// Writes the report, if there is to be one and it is not written yet. What `status` does not know is `code`.
    /// Returns the exit code that it names. A report that cannot be written changes nothing else.
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

    /// The orderly end takes too long, or somebody insists. What was counted until now may have made the code worse
    /// than when that was decided.
    func atOnce(_ code: ExitCode, _ status: ServiceStatus) {
        let code = report(status, code: code)
        log.endingAtOnce(code.rawValue)
        state.withLock { $0.tidy }?()
        flush()
        _exit(Int32(code.rawValue))
    }

    func flush() { output.flush() }
}
