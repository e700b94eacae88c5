internal import EchoCore
internal import MicroHTTPD

/// Probes, in text: for kubelets, load balancers and people. Answered at once, whatever else is under way.
struct ProbeRoutes: Sendable {
    let service: any ServiceControl

    var routes: [Route] {
        [
            Route(
                method: .get, template: "/livez", summary: "200 ok in every state; 503 when a loop is stuck",
                handler: live),
            Route(method: .get, template: "/healthz", summary: "the same as /livez", handler: live),
            Route(
                method: .get, template: "/readyz", summary: "200 ok when serving; else 503 and the state",
                handler: ready),
            Route(method: .get, template: "/health", summary: "the same as /readyz", handler: ready),
            Route(
                method: .get, template: "/startupz", summary: "503 while starting, then 200 ok", handler: started),
        ]
    }

    private func live(_: RoutedRequest) -> HTTPReply {
        guard !service.isStuck() else {
            return .response(.text(status: 503, "stuck: an event loop has not answered for 5 s"))
        }
        return .response(.text(status: 200, "ok"))
    }

    private func ready(_: RoutedRequest) -> HTTPReply {
        let status = service.status()
        guard status.ready else { return .response(.text(status: 503, status.state.rawValue)) }
        return .response(.text(status: 200, status.isFull ? "ok (full)" : "ok"))
    }

    private func started(_: RoutedRequest) -> HTTPReply {
        let state = service.status().state
        guard state != .starting else { return .response(.text(status: 503, state.rawValue)) }
        return .response(.text(status: 200, "ok"))
    }
}
