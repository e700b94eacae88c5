internal import EchoCore
internal import MicroHTTPD

/// `GET /metrics`: for Prometheus, in the form that `Accept` asks for.
enum MetricsRoutes {
    static let metrics = Endpoint(
        summary: "for Prometheus, text or OpenMetrics",
        operation: Operation(
            "getMetrics", .status,
            Answer(
                status: 200, meaning: "Prometheus' text form, or OpenMetrics where Accept asks for it.",
                contents: [
                    .text(),
                    .init(mediaType: "application/openmetrics-text", schema: Schema.text, example: nil),
                ]))
    ) { request in
        let context = request.context
        let form = MetricsNegotiation.choose(accept: request.request.values(of: "accept"))
        var families = MetricFamily.ofService(context.service.measure())
        families += [requestFamily(context.answered), buildFamily(context.configuration.version)]
        if let process = context.process() { families += MetricFamily.ofProcess(process) }
        return .response(.metrics(contentType: form.contentType, form.write(families)))
    }

    private static func requestFamily(_ answered: MetricsRequestCounts) -> MetricFamily {
        MetricFamily(
            name: "echod_admin_requests", kind: .counter,
            help: "Requests to the admin API that were answered, by endpoint and HTTP status; \"other\" is every path "
                + "that no endpoint has, and requests refused before their path was examined.",
            samples: answered.current)
    }

    private static func buildFamily(_ version: String) -> MetricFamily {
        MetricFamily(
            name: "echod_build", kind: .info, help: "The version of echod that runs; always 1.",
            samples: [.init(labels: ["version": version], value: .integer(1))])
    }
}
