internal import Basics
internal import EchoCore
internal import MicroHTTPD
internal import Wire

/// `POST /drain` and `POST /shutdown`, with or without waiting for the end, `GET /prestop`, and the way back,
/// `DELETE /drain`.
enum DrainRoutes {
    static let drain = Endpoint(
        summary: "stop accepting clients, finish the current ones, stay alive", parameters: parameters,
        operation: Operation(
            "drain", .drain, .drainRequested, .drainOver, .drainLossy, .drainConflict, .tooManyWaiters, .waitOver)
    ) { request throws(Problem) in
        try drain(request, intent: .hold, trigger: .api, until: .drained)
    }

    static let shutdown = Endpoint(
        summary: "the same, then exit", parameters: parameters,
        operation: Operation(
            "shutdown", .drain, .drainRequested, .drainOver, .drainLossy, .drainConflict, .tooManyWaiters, .waitOver)
    ) { request throws(Problem) in
        try drain(request, intent: .exit, trigger: .api, until: .exiting)
    }

    /// For a Kubernetes `httpGet` preStop hook, which can neither POST nor run a program. The answer comes at the end,
    /// because the kubelet waits for the hook and then sends TERM; so the intent is to hold.
    static let prestop = Endpoint(
        summary: "a preStop hook: POST /drain?wait; needs the header \(prestopHeader): 1", parameters: parameters,
        isMutatingGet: true,
        operation: Operation(
            "prestop", .drain, requiredHeader: (prestopHeader, "1"), .drainOver, .drainLossy, .drainConflict,
            .tooManyWaiters, .waitOver)
    ) { request throws(Problem) in
        // A browser never sends it for an image, link or form: without it, a page could drain with a plain GET.
        guard request.request.values(of: prestopHeader.lowercased()) == ["1"] else {
            throw .forbidden(
                "GET /prestop needs the header \(prestopHeader): 1, which a preStop hook sends with httpHeaders. Send "
                    + "the header, or use POST /drain?wait.")
        }
        return try drain(request, intent: .hold, trigger: .prestop, until: .drained, alwaysWaits: true)
    }

    static let undrain = Endpoint(
        summary: "undrain: serve again, on the same addresses",
        operation: Operation(
            "undrain", .drain, .json(200, "Serving, even if there was no drain.", "Status"),
            .problem(409, "Too late, or a signal has come."),
            .problem(500, "A listener could not be opened again; the drain goes on."))
    ) { request in
        let service = request.context.service
        return .deferred { answer in
            service.requestUndrain { reply, status in
                switch reply {
                case .serving: answer.complete { .json(status: 200, status) }
                case .refused(let reason): answer.complete(Problem.conflict(reason).response)
                case .failed: answer.complete(undrainFailed.response)
                }
            }
        }
    }

    private static let prestopHeader = "X-Echod-Drain"

    private static let undrainFailed = Problem.failed(
        "A listener could not be opened again, so the drain continues. The log says which listener and why. Try again, "
            + "or end the process with POST /shutdown.")

    private static let anyDuration = Parameter.Kind.duration(.zero...ServiceLimits.longestDuration)
    private static let delay = Parameter(
        name: "delay", kind: anyDuration, meaning: "First report not ready, but still accept, for this long.")
    private static let timeout = Parameter(
        name: "timeout", kind: .duration(ServiceLimits.drainTimeout),
        meaning: "The whole budget, delay included; connections that remain then are cut.")
    private static let mode = Parameter(
        name: "mode", kind: .choice(DrainMode.allCases.map(\.rawValue)),
        meaning: "How connections end: by their clients, by our end of file, or by a reset.")
    private static let wait = Parameter(
        name: "wait", kind: anyDuration, isFlag: true,
        meaning: "Answer when the drain is over, or after this long; hanging up cancels nothing.")
    private static let parameters = [delay, timeout, mode, wait]

    /// Starts or joins a drain; the answer comes at once, or with `wait` when the milestone is reached.
    private static func drain(
        _ request: RoutedRequest, intent: DrainIntent, trigger: DrainTrigger, until milestone: DrainMilestone,
        alwaysWaits: Bool = false
    ) throws(Problem) -> HTTPReply {
        let arguments = request.arguments
        let context = request.context
        // All values are checked before the service is asked for anything.
        let waits = alwaysWaits || arguments.contains(wait)
        let limit = try arguments.duration(wait)
        let defaults = context.configuration.drainDefaults
        let reply = context.service.requestDrain(
            try Self.request(arguments, intent: intent, trigger: trigger, defaults))
        switch reply.outcome {
        case .refused(let reason): throw .conflict(reason)
        case .started, .joined: break
        }
        guard waits else {
            var document = reply.status
            document.joined = reply.outcome == .joined
            return .response(.json(status: 202, document))
        }
        guard let drain = reply.status.drain else {
            // A shutdown before serving: there was nothing to drain, so there is nothing to wait for.
            return .response(.json(status: 200, reply.status))
        }
        return answer(when: milestone, of: drain.id, limit: limit, from: context.service)
    }

    private static func request(
        _ arguments: Arguments, intent: DrainIntent, trigger: DrainTrigger, _ defaults: DrainDefaults
    ) throws(Problem) -> DrainRequest {
        let request = DrainRequest(
            intent: intent, trigger: trigger, mode: try arguments.choice(mode, of: DrainMode.self),
            delay: try arguments.duration(delay), timeout: try arguments.duration(timeout))
        let timeout = request.timeout ?? defaults.timeout
        if let delay = request.delay, delay >= timeout {
            let source = request.timeout == nil ? "the default timeout" : "the timeout"
            throw .badRequest(
                "The delay of \(DurationFormat.print(delay)) must be shorter than \(source) of "
                    + "\(DurationFormat.print(timeout)). Give a shorter delay or a longer timeout.")
        }
        return request
    }

    private static func answer(
        when milestone: DrainMilestone, of id: Int, limit: Duration?, from service: any ServiceControl
    ) -> HTTPReply {
        .deferred { answer in
            let waiter = service.awaitDrain(id: id, milestone, limit: limit) { outcome, status in
                answer.complete { .json(status: statusCode(outcome), status) }
            }
            guard let waiter else { return answer.complete(tooManyWaiters.response) }
            // A killed client resets its connection or just ends it. If it just ends it, it looks like a client that
            // has stopped sending but still reads, and it keeps its place until the drain is over.
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
        "The drain was started or joined, but too many clients already wait for its end. Follow it with GET /status, or "
            + "wait again later.",
        retryAfter: 5)
}

extension Answer {
    fileprivate static let drainRequested = json(202, "Started, or joined to a running drain.", "StatusOfDrainRequest")
    fileprivate static let drainOver = json(200, "With wait: it is over, and clean.", "Status")
    fileprivate static let drainLossy = json(
        500, "With wait: it is over, and connections were cut or bytes lost.", "Status")
    fileprivate static let drainConflict = Answer(
        status: 409, meaning: "Not possible in this state; or, with wait: undrained meanwhile.",
        contents: [.problem, .json("Status")])
    fileprivate static let tooManyWaiters = problem(
        503, "Started or joined, but \(ServiceLimits.drainWaiters) are waiting already.", headers: Operation.retryAfter)
    fileprivate static let waitOver = json(504, "With wait=DUR: DUR has passed and the drain continues.", "Status")
}
