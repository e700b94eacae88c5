internal import EchoCore
internal import MicroHTTPD

/// `POST /drain` and `POST /shutdown`, with or without waiting for the end, and the way back, `DELETE /drain`.
struct DrainRoutes: Sendable {
    let service: any ServiceControl
    let defaults: DrainDefaults

    var routes: [Route] {
        [
            Route(
                method: .post, template: "/drain", parameters: Self.parameters,
                summary: "stop taking clients, finish those there are, stay alive", operation: .drain
            ) { request throws(Problem) in
                try drain(request.arguments, intent: .hold, trigger: .api, until: .drained)
            },
            Route(
                method: .post, template: "/shutdown", parameters: Self.parameters,
                summary: "the same, then exit", operation: .shutdown
            ) { request throws(Problem) in
                try drain(request.arguments, intent: .exit, trigger: .api, until: .exiting)
            },
            Route(
                method: .delete, template: "/drain", summary: "undrain: serve again, on the same addresses",
                operation: .undrain
            ) { _ in
                undrain()
            },
        ]
    }

    private static let day = Duration.seconds(86_400)
    private static let delay = Parameter(
        name: "delay", kind: .duration(.zero...day), meaning: "Not ready, but accepting, for so long first.")
    private static let timeout = Parameter(
        name: "timeout", kind: .duration(.milliseconds(100)...day),
        meaning: "The whole budget, delay included; what is left is cut then.")
    private static let mode = Parameter(
        name: "mode", kind: .choice(DrainMode.allCases.map(\.rawValue)),
        meaning: "How connections end: by their clients, by our end of file, or by a reset.")
    private static let wait = Parameter(
        name: "wait", kind: .duration(.zero...day), isFlag: true,
        meaning: "Answer when it is over, or after so long; hanging up cancels nothing.")
    static let parameters = [delay, timeout, mode, wait]

    /// Starts or joins a drain; the answer comes at once, or with `wait` when the milestone is reached.
    func drain(
        _ arguments: Arguments, intent: DrainIntent, trigger: DrainTrigger, until milestone: DrainMilestone,
        alwaysWaits: Bool = false
    ) throws(Problem) -> HTTPReply {
        // All values are judged before the service is asked for anything.
        let waits = alwaysWaits || arguments.contains(Self.wait)
        let limit = try arguments.duration(Self.wait)
        let reply = service.requestDrain(try request(arguments, intent: intent, trigger: trigger))
        switch reply.outcome {
        case .refused(let reason): throw .conflict(reason)
        case .started, .joined: break
        }
        guard waits else {
            let document = StatusDocument(reply.status, joined: reply.outcome == .joined)
            return .response(.json(status: 202, document))
        }
        guard let drain = reply.status.drain else {
            // A shutdown before serving: there was nothing to drain, so there is nothing to wait for.
            return .response(.json(status: 200, StatusDocument(reply.status)))
        }
        return answer(when: milestone, of: drain.id, limit: limit)
    }

    private func undrain() -> HTTPReply {
        .deferred { [service] answer in
            service.requestUndrain { reply, status in
                switch reply {
                case .serving: answer.complete { .json(status: 200, StatusDocument(status)) }
                case .refused(let reason): answer.complete(Problem.conflict(reason).response)
                case .failed: answer.complete(Self.undrainFailed.response)
                }
            }
        }
    }

    private static let undrainFailed = Problem.failed(
        "A listener could not be opened again, so the drain goes on; the log says which and why. Try again, or shut "
            + "down with POST /shutdown.")

    private func request(
        _ arguments: Arguments, intent: DrainIntent, trigger: DrainTrigger
    ) throws(Problem) -> DrainRequest {
        let request = DrainRequest(
            intent: intent, trigger: trigger, mode: try arguments.choice(Self.mode, of: DrainMode.self),
            delay: try arguments.duration(Self.delay), timeout: try arguments.duration(Self.timeout))
        let timeout = request.timeout ?? defaults.timeout
        if let delay = request.delay, delay >= timeout {
            let source = request.timeout == nil ? "the default timeout" : "the timeout"
            throw .badRequest(
                "The parameter \"delay\" is \(DurationFormat.print(delay)), which leaves nothing of \(source) of "
                    + "\(DurationFormat.print(timeout)). Give a shorter delay or a longer timeout.")
        }
        return request
    }

    private func answer(when milestone: DrainMilestone, of id: Int, limit: Duration?) -> HTTPReply {
        .deferred { [service] answer in
            let waiter = service.awaitDrain(id: id, milestone, limit: limit) { outcome, status in
                answer.complete { .json(status: Self.statusCode(outcome), StatusDocument(status)) }
            }
            guard let waiter else { return answer.complete(Self.tooManyWaiters.response) }
            // A client that is killed resets its connection, or only ends it: then it looks like one that has stopped
            // sending and still reads, and keeps its place until the drain is over.
            answer.onDisconnect { [weak service] in service?.stopWaiting(waiter) }
        }
    }

    private static func statusCode(_ outcome: DrainWaitOutcome) -> Int {
        switch outcome {
        case .over(.clean): 200
        case .over(.forced), .over(.lost): 500
        case .over(.undrained): 409
        case .limitPassed: 504
        }
    }

    private static let tooManyWaiters = Problem.unavailable(
        "The drain was started or joined all the same, but too many clients are waiting for its end already. Follow "
            + "it with GET /status, or wait again later.",
        retryAfter: 5)
}
