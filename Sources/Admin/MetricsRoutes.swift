internal import EchoCore
internal import MicroHTTPD

/// `GET /metrics`: for Prometheus, in the form that `Accept` asks for.
struct MetricsRoutes: Sendable {
    let service: any ServiceControl
    let process: @Sendable () -> ProcessMeasurements?
    let version: String

    var routes: [Route] {
        [
            Route(
                method: .get, template: "/metrics", summary: "for Prometheus, text or OpenMetrics",
                operation: .metrics, handler: metrics)
        ]
    }

    private func metrics(_ request: RoutedRequest) -> HTTPReply {
        let form = MetricsNegotiation.choose(accept: request.request.values(of: "accept"))
        var families = MetricFamily.ofService(service.measure())
        families += [Self.requestFamily(request.answered), buildFamily]
        if let process = process() { families += MetricFamily.ofProcess(process) }
        return .response(.metrics(contentType: form.contentType, form.write(families)))
    }

    private static func requestFamily(_ answered: MetricsRequestCounts) -> MetricFamily {
        MetricFamily(
            name: "echod_admin_requests", kind: .counter,
            help: "Requests to the admin API that were answered, by endpoint and HTTP status; \"other\" is every path "
                + "that no endpoint has, and what was refused before its path was looked at.",
            samples: answered.current)
    }

    private var buildFamily: MetricFamily {
        MetricFamily(
            name: "echod_build", kind: .info, help: "The version of echod that runs; always 1.",
            samples: [.init(labels: ["version": version], value: .integer(1))])
    }
}
