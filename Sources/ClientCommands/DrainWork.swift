internal import AdminClient
internal import Basics
internal import EchoCore
internal import EventLoops
internal import Wire

/// `drain` and `shutdown`: asks, and with `wait` stays until the drain is over.
struct DrainWork: ClientWork {
    enum Wait: Hashable, Sendable {
        case toTheEnd
        case atMost(Duration)
    }

    var admin: ClientAdmin
    var path: String
    /// nil: does not wait.
    var wait: Wait?
    var timeout: Duration?
    var delay: Duration?
    var mode: DrainMode?
    var asJSON: Bool

    var changesServer: Bool { true }

    static let exitCodes = """
        Exit codes with --wait: 0 when everything was answered and delivered, 2 when a connection was cut, 3 when \
        bytes were lost, 4 when DUR is over or the drain was undone. 1: no answer, or the request was refused.
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

    /// The longest time that the answer may take. With a timeout the nearer deadline counts, and without one no drain
    /// takes longer than a day; the rest is for the exit. `DrainWatch` finds out earlier if no answer will come.
    var limit: Duration {
        switch wait {
        case nil: Exchange.answerLimit
        case .toTheEnd: (timeout ?? ServiceLimits.longestDuration) + Exchange.answerLimit
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
            // It is unknown whether the request arrived, and how the drain ended.
            throw AdminClientError(
                code: error.code,
                description: "\(error)\nechod may have ended before it could answer: "
                    + "its exit code, log or --report says how")
        }
        if let hint = admin.tokenHint(request, answer) { return console.refuse(answer.http, hint: hint) }
        let verdict = try answer.read { (_) throws(ReadingError) in try DrainVerdict(answer.http, asJSON: asJSON) }
        // Also when the output cannot be written.
        defer { console.complain(verdict.complaint) }
        try console.say(verdict.output)
        return verdict.exitCode
    }

    private func outcome(
        _ request: AdminRequest, _ target: AdminTarget, _ console: ClientConsole
    ) throws(AdminClientError) -> Exchange.Outcome {
        do throws(SystemCallError) {
            guard wait != nil else { return try ClientLoop.send(request, to: target, limit: limit) }
            let isShown = !asJSON && console.canRedrawError
            let signals = isShown ? SignalSource.heeded(WaitingLine.signals) : []
            SignalSource.block(signals)
            defer { SignalSource.restoreDefaults(signals) }
            let limit = self.limit
            return try ClientLoop.run { loop, finish in
                let line = isShown ? WaitingLine(signals, on: loop) : nil
                let watch = DrainWatch(target, line, on: loop)
                let exchange = Exchange(request, to: target, limit: limit, on: loop) { outcome in
                    watch.end()
                    finish(outcome)
                }
                watch.begin { error in
                    exchange.cancel()
                    finish(.failure(error))
                }
            }
        } catch {
            throw AdminClientError(code: .unreachable, description: error.description)
        }
    }
}
