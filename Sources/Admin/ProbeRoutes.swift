internal import EchoCore
internal import MicroHTTPD

/// Probes, in text: for kubelets, load balancers and people. Answered at once, whatever else is under way.
struct ProbeRoutes: Sendable {
    let service: any ServiceControl

    var routes: [Route] {
        [
            probe("/livez", "200 ok in every state; 503 when a loop is stuck", .live("livez"), live),
            probe("/healthz", "the same as /livez", .live("healthz"), live),
            probe("/readyz", "200 ok when serving; else 503 and the state", .ready("readyz"), ready),
            probe("/health", "the same as /readyz", .ready("health"), ready),
            Route(
                method: .get, template: "/startupz", summary: "503 while starting, then 200 ok", operation: .started,
                handler: started),
        ]
    }

    /// Those who know kube-apiserver write `?verbose`, some with a value.
    private static let verbose = Parameter(
        name: "verbose", kind: .choice(["true", "1"]), isFlag: true, meaning: "One line for each check.")

    private func probe(
        _ template: PathTemplate, _ summary: String, _ operation: Operation,
        _ examine: @escaping @Sendable () -> ProbeResult
    ) -> Route {
        Route(
            method: .get, template: template, parameters: [Self.verbose], summary: summary, operation: operation
        ) { request throws(Problem) in
            let isVerbose = try request.arguments.flag(Self.verbose)
            let result = examine()
            let text = isVerbose ? result.list(of: String(template.text.dropFirst())) : result.summary
            return .response(.text(status: result.hasPassed ? 200 : 503, text))
        }
    }

    private func live() -> ProbeResult { .live(isStuck: service.isStuck()) }

    private func ready() -> ProbeResult { .ready(service.status()) }

    private func started(_: RoutedRequest) -> HTTPReply {
        let state = service.status().state
        guard state != .starting else { return .response(.text(status: 503, state.rawValue)) }
        return .response(.text(status: 200, "ok"))
    }
}

/// What a probe found, check by check.
struct ProbeResult: Hashable, Sendable {
    struct Check: Hashable, Sendable {
        var name: String
        /// Why it failed; nil when it passed.
        var failure: String?
        /// What a person should know though it passed.
        var remark: String?
    }

    /// The answer to whoever does not ask for the list.
    var summary: String
    var checks: [Check]

    var hasPassed: Bool { checks.allSatisfy { $0.failure == nil } }

    /// In kube-apiserver's form, so that what reads its lists reads ours; it withholds the reasons, we give them.
    func list(of probe: String) -> String {
        let lines = checks.map { check in
            if let failure = check.failure { return "[-]\(check.name) failed: \(failure)" }
            return "[+]\(check.name) ok\(check.remark.map { " (\($0))" } ?? "")"
        }
        return (lines + ["\(probe) check \(hasPassed ? "passed" : "failed")"]).joined(separator: "\n")
    }

    /// `admin` passes by being said.
    static func live(isStuck: Bool) -> ProbeResult {
        let failure = isStuck ? "an event loop has not answered for 5 s" : nil
        return ProbeResult(
            summary: failure.map { "stuck: \($0)" } ?? "ok",
            checks: [Check(name: "admin"), Check(name: "loops", failure: failure)])
    }

    /// Ready is who serves: in every other state a check fails.
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
