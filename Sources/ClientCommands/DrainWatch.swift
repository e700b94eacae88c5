internal import AdminClient
internal import Basics
internal import EchoCore
internal import EventLoops
internal import Glibc
internal import Wire

/// Asks for the status while a request waits for the end of a drain: to show it, and to give up on a server that hangs.
/// On its loop's thread only.
final class DrainWatch {
    /// A drain that ends sooner needs no question.
    private static let interval = Duration.milliseconds(300)

    private let target: AdminTarget
    private let line: WaitingLine?
    private let loop: EventLoop
    private var promise = DrainPromise()
    private var question: Exchange?
    private var isOver = false

    /// Without a `line` there is nothing to show, and it asks as rarely as the server's deadline allows.
    init(_ target: AdminTarget, _ line: WaitingLine?, on loop: EventLoop) {
        self.target = target
        self.line = line
        self.loop = loop
    }

    /// Asks until `end`, or until it calls `gaveUp`: then there will be no answer.
    func begin(_ gaveUp: @escaping (AdminClientError) -> Void) {
        ask(after: Self.interval, gaveUp)
    }

    func end() {
        isOver = true
        question?.cancel()
        question = nil
        line?.end()
    }

    private func ask(after pause: Duration, _ gaveUp: @escaping (AdminClientError) -> Void) {
        loop.call(after: pause.inNanoseconds) { [self] in
            guard !isOver else { return }
            let request = AdminRequest(.get, "/status")
            question = Exchange(request, to: target, limit: promise.patience, on: loop) { [self] outcome in
                question = nil
                if let error = answered(outcome) {
                    end()
                    return gaveUp(error)
                }
                ask(after: line == nil ? promise.pause(at: now) : Self.interval, gaveUp)
            }
        }
    }

    /// Returns why to give up; nil: not yet. Without an answer the line stays as it is: what counts is the answer of
    /// the drain request.
    private func answered(_ outcome: Exchange.Outcome) -> AdminClientError? {
        switch outcome {
        case .success(let answer):
            guard let status = try? ServiceStatus(json: answer.http.body) else { return nil }
            promise.statusCame(status, at: now)
            line?.show(status)
            return nil
        case .failure(let error):
            return promise.questionFailed(error, target, at: now)
        }
    }

    private var now: MonotonicTime { MonotonicTime(nanoseconds: loop.now) }
}

/// A line on standard error's terminal that says what a drain still waits for, drawn in place. On its loop's thread
/// only.
final class WaitingLine {
    /// The line is removed when one of these comes.
    static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    private static let stream = StandardStream.error

    private var signals: SignalSource?

    /// `signals` are blocked.
    init(_ signals: [Int32], on loop: EventLoop) {
        self.signals = try? SignalSource(signals, on: loop) { [unowned self] in signalled($0) }
        // A line that stays behind is better than a command that Ctrl-C cannot end.
        if self.signals == nil { SignalSource.restoreDefaults(signals) }
    }

    func show(_ status: ServiceStatus) {
        let width = Terminal.size(of: Self.stream.rawValue)?.columns ?? 80
        // The last column stays free: some terminals go to the next line there.
        write("\r\(DrainText.progress(status).prefix(width - 1))\u{1b}[K")
    }

    /// Removes the line.
    func end() { write("\r\u{1b}[K") }

    private func signalled(_ number: Int32) {
        end()
        write("echod: stopped waiting; the drain continues\n")
        SignalSource.die(of: number)
    }

    /// Errors are ignored: a terminal that is gone has no reader, and the exit code tells the outcome.
    private func write(_ text: String) { try? Self.stream.write(text) }
}
