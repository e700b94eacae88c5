internal import EchoCore
internal import MicroHTTPD
internal import Wire

/// Probes, in text: for kubelets, load balancers and people. Answered at once, whatever else is under way.
enum ProbeRoutes {
    static let livez = live("livez", "200 ok in every state; 503 when a loop is stuck")
    static let healthz = live("healthz", "the same as /livez")
    static let readyz = ready("readyz", "200 ok when serving; else 503 and the state")
    static let health = ready("health", "the same as /readyz")

    static let startupz = Endpoint(
        summary: "503 while starting, then 200 ok",
        operation: Operation(
            "startupz", .probes, .text(200, "Started.", example: "ok\n"),
            .text(503, "Not every listener is bound yet.", example: "starting\n"))
    ) { request in
        let state = request.context.service.status().state
        return .response(
            state == .starting ? .text(status: 503, state.rawValue) : .text(status: 200, "ok"))
    }

    /// People who know kube-apiserver write `?verbose`, some with a value.
    private static let verbose = Parameter(
        name: "verbose", kind: .choice(["true", "1"]), isFlag: true, meaning: "One line for each check.")

    private static func live(_ name: String, _ summary: String) -> Endpoint {
        let operation = Operation(
            name, .probes, .text(200, "Alive, in every state.", example: "ok\n"),
            .text(503, "An event loop is stuck.", example: "stuck: an event loop has not answered for 5 s\n"))
        return probe(name, summary, operation) { .live(isStuck: $0.isStuck()) }
    }

    private static func ready(_ name: String, _ summary: String) -> Endpoint {
        let operation = Operation(
            name, .probes, .text(200, "Serving.", example: "ok\n"),
            .text(503, "Not serving; the text is the state.", example: "draining\n"))
        return probe(name, summary, operation) { .ready($0.status()) }
    }

    private static func probe(
        _ name: String, _ summary: String, _ operation: Operation,
        _ examine: @escaping @Sendable (any ServiceControl) -> ProbeResult
    ) -> Endpoint {
        Endpoint(summary: summary, parameters: [verbose], operation: operation) { request throws(Problem) in
            let isVerbose = try request.arguments.flag(verbose)
            let result = examine(request.context.service)
            let text = isVerbose ? result.list(of: name) : result.summary
            return .response(.text(status: result.hasPassed ? 200 : 503, text))
        }
    }
}

/// What a probe found, check by check.
struct ProbeResult: Hashable, Sendable {
    struct Check: Hashable, Sendable {
        var name: String
        /// Why it failed; nil when it passed.
        var failure: String?
        /// What a person should know even though it passed.
        var remark: String?
    }

    /// The answer without the list.
    var summary: String
    var checks: [Check]

    var hasPassed: Bool { checks.allSatisfy { $0.failure == nil } }

    /// In kube-apiserver's form, so that its readers can read ours; kube-apiserver withholds the reasons, echod gives
    /// them.
    func list(of probe: String) -> String {
        let lines = checks.map { check in
            if let failure = check.failure { return "[-]\(check.name) failed: \(failure)" }
            return "[+]\(check.name) ok\(check.remark.map { " (\($0))" } ?? "")"
        }
        return (lines + ["\(probe) check \(hasPassed ? "passed" : "failed")"]).joined(separator: "\n")
    }

    /// `admin` always passes: the answer itself proves it.
    static func live(isStuck: Bool) -> ProbeResult {
        let failure = isStuck ? "an event loop has not answered for 5 s" : nil
        return ProbeResult(
            summary: failure.map { "stuck: \($0)" } ?? "ok",
            checks: [Check(name: "admin"), Check(name: "loops", failure: failure)])
    }

    /// The service is ready while it serves: in every other state a check fails.
    static func ready(_ status: ServiceStatus) -> ProbeResult {
        let fullness = status.isFull ? "full" : nil
        return ProbeResult(
            summary: status.ready ? fullness.map { "ok (\($0))" } ?? "ok" : status.state.rawValue,
            checks: [
                Check(name: "listeners", failure: listenersFailure(status.state)),
                Check(name: "drain", failure: drainFailure(status.state)),
                Check(name: "capacity", remark: fullness),
            ])
    }

    private static func listenersFailure(_ state: ServiceState) -> String? {
        switch state {
        case .starting: "not bound yet"
        case .serving, .lameDuck: nil
        case .draining, .forcing, .drained, .exiting: "closed to new clients"
        }
    }

    private static func drainFailure(_ state: ServiceState) -> String? {
        switch state {
        case .starting, .serving: nil
        case .lameDuck, .draining, .forcing, .drained, .exiting: state.rawValue
        }
    }
}
