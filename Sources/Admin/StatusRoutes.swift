internal import EchoCore
internal import MicroHTTPD

/// `GET /status`: the status object, with the kernel's queues as of now.
struct StatusRoutes: Sendable {
    let service: any ServiceControl

    var routes: [Route] {
        [
            Route(
                method: .get, template: "/status", summary: "state, counters and the drain, as JSON",
                operation: .status, handler: status)
        ]
    }

    private func status(_: RoutedRequest) -> HTTPReply {
        .deferred { [service] answer in
            service.sampleStatus { status in answer.complete { .json(status: 200, StatusDocument(status)) } }
        }
    }
}
