import AdminClient
import EchoCore
import EventLoops
import Glibc

/// `drain` and `shutdown`: asks, and with `wait` stays until it is over.
struct DrainWork: ClientWork {
    enum Wait: Hashable, Sendable {
        case toTheEnd
        case atMost(Duration)
    }

    var admin: ClientAdmin
    var path: String
    /// nil: not at all.
    var wait: Wait?
    var timeout: Duration?
    var delay: Duration?
    var mode: DrainMode?
    var asJSON: Bool

    var changesServer: Bool { true }

    static let exitCodes = """
        With --wait it exits with 0 when all was answered and delivered, 2 when a connection was cut, 3 when bytes \
        were lost, and 4 when the time to wait is over or somebody undrained. 1: there was no answer, or it was refused.
        """

    var parameters: [AdminRequest.Parameter] {
        var parameters: [AdminRequest.Parameter] = []
        if let delay { parameters.append(.init("delay", DurationFormat.print(delay))) }
        if let timeout { parameters.append(.init("timeout", DurationFormat.print(timeout))) }
        if let mode { parameters.append(.init("mode", mode.rawValue)) }
        switch wait {
        case nil: break
        case .toTheEnd: parameters.append(.init("wait", nil))
        case .atMost(let limit): parameters.append(.init("wait", DurationFormat.print(limit)))
        }
        return parameters
    }

    /// How long the answer may take. Who names a timeout gets the nearer deadline, and without one no drain is longer
    /// than a day; the rest is for the exit.
    var limit: Duration {
        switch wait {
        case nil: Exchange.answerLimit
        case .toTheEnd: (timeout ?? .seconds(24 * 60 * 60)) + Exchange.answerLimit
        case .atMost(let limit): limit + Exchange.answerLimit
        }
    }

    func run(_ console: ClientConsole) throws -> Int32 {
        let request = try admin.mutation(.post, path, parameters)
        let target = try admin.target()
        let answer: AdminAnswer
        do throws(AdminClientError) {
            answer = try outcome(request, target, console).get()
        } catch {
            guard error.code == .connectionLost, wait != nil else { throw error }
            // It is not known whether the request arrived, much less how the drain ended.
            throw AdminClientError(
                code: error.code,
                description: "\(error)\nechod may have ended before it could answer: "
                    + "its exit code, log or --report says how")
        }
        let verdict = try answer.read { (_) throws(ReadingError) in try DrainVerdict(answer.http, asJSON: asJSON) }
        // Also when nobody takes the output.
        defer {
            console.complain(verdict.complaint)
            console.complain(admin.hint(request, answer) ?? "")
        }
        try console.say(verdict.output)
        return verdict.exitCode
    }

    private func outcome(
        _ request: AdminRequest, _ target: AdminTarget, _ console: ClientConsole
    ) throws(AdminClientError) -> Exchange.Outcome {
        do throws(SystemCallError) {
            guard wait != nil, !asJSON, console.canRedrawError else {
                return try ClientLoop.send(request, to: target, limit: limit)
            }
            let signals = SignalSource.heeded(WaitingLine.signals)
            SignalSource.block(signals)
            defer { SignalSource.restoreDefaults(signals) }
            let limit = self.limit
            return try ClientLoop.run { loop, finish in
                let line = WaitingLine(target, signals, on: loop)
                Exchange(request, to: target, limit: limit, on: loop) { outcome in
                    line.end()
                    finish(outcome)
                }
            }
        } catch {
            throw AdminClientError(code: .unreachable, description: error.description)
        }
    }
}

/// A line on standard error's terminal that says what a drain still waits for, drawn anew in its place: the status is
/// asked for beside the request that waits. On its loop's thread only.
final class WaitingLine {
    /// Those after which the line must not stay behind.
    static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    private static let interval = Duration.milliseconds(300)
    private static let stream = StandardStream.error

    private let target: AdminTarget
    private let loop: EventLoop
    private var question: Exchange?
    private var signals: SignalSource?
    private var isOver = false

    /// `signals` are blocked.
    init(_ target: AdminTarget, _ signals: [Int32], on loop: EventLoop) {
        self.target = target
        self.loop = loop
        self.signals = try? SignalSource(signals, on: loop) { [unowned self] in signalled($0) }
        // Rather a line that stays behind than a command that Ctrl-C cannot end.
        if self.signals == nil { SignalSource.restoreDefaults(signals) }
        askLater()
    }

    /// Takes the line away.
    func end() {
        isOver = true
        question?.cancel()
        question = nil
        try? Self.stream.write("\r\u{1b}[K")
    }

    private func askLater() {
        loop.call(after: Self.interval.inNanoseconds) { [self] in
            guard !isOver else { return }
            question = Exchange(AdminRequest(.get, "/status"), to: target, on: loop) { [self] in answered($0) }
        }
    }

    /// Without an answer the line stays as it is: what counts is the answer that is waited for.
    private func answered(_ outcome: Exchange.Outcome) {
        question = nil
        if case .success(let answer) = outcome, let status = try? ServiceStatus(json: answer.http.body) {
            let width = Terminal.size(of: Self.stream.rawValue)?.columns ?? 80
            // The last column stays free: some terminals go to the next line there.
            try? Self.stream.write("\r\(DrainText.progress(status).prefix(width - 1))\u{1b}[K")
        }
        askLater()
    }

    private func signalled(_ number: Int32) {
        end()
        try? Self.stream.write("echod: waits no longer; what was asked for goes on\n")
        SignalSource.die(of: number)
    }
}
