internal import Basics
internal import EchoCore
internal import MicroHTTPD
internal import Wire

/// `GET /`, the dashboard for a browser and the list of endpoints for others, and `/ui/…`, the dashboard's files.
enum DashboardRoutes {
    static let index = Endpoint(
        summary: "the dashboard for a browser, this list for others", parameters: [.format],
        operation: Operation(
            "getIndex", .dashboard,
            Answer(
                status: 200,
                meaning: "The dashboard where Accept names text/html, else, and with format=text, the list of the "
                    + "endpoints.",
                contents: [.text(), .init(mediaType: "text/html", schema: Schema.text, example: nil)]))
    ) { request throws(Problem) in
        let context = request.context
        guard try request.arguments.choice(.format, of: TextFormat.self) == nil,
            wantsPage(accept: request.request.values(of: "accept"))
        else { return .response(list(version: context.configuration.version)) }
        return .response(.page(DashboardAssets.embedded.page(showing: context.service.status().state)))
    }

    static let history = Endpoint(
        summary: "the last five minutes, for the dashboard's charts",
        operation: Operation(
            "getDashboardHistory", .dashboard,
            .json(
                200, "Samples of the counters in columns, the oldest first, a second or two apart.", "History",
                example: OpenAPIExamples.history))
    ) { request in
        .response(.json(status: 200, bytes: HistoryDocument.write(request.context.service.recentSamples())))
    }

    static let file = Endpoint(
        summary: "a file of the dashboard",
        operation: Operation(
            "getDashboardPart", .dashboard, segment: Schema.oneOf(DashboardAssets.embedded.names),
            Answer(
                status: 200, meaning: "A file of the page.",
                contents: ["text/css", "text/javascript", "image/svg+xml"].map {
                    .init(mediaType: $0, schema: Schema.text, example: nil)
                }),
            .problem(404, "There is no such file."))
    ) { request throws(Problem) in
        let name = request.segment ?? ""
        guard let file = DashboardAssets.embedded[name] else {
            throw .notFound("The dashboard has no file \(PrintableText.quote(name)). Open / in a browser.")
        }
        return .response(file)
    }

    /// Whether a client that accepts this wants a page: a browser names `text/html`, and curl does not. A client that
    /// prefers plain text gets the list.
    static func wantsPage(accept values: [String]) -> Bool {
        let ranges = MediaRange.all(in: values)
        func quality(_ type: String) -> Int { ranges.first { $0.type == type }?.quality ?? 0 }
        return quality("text/html") > 0 && quality("text/html") >= quality("text/plain")
    }

    private static func list(version: String) -> HTTPResponse {
        let lines = ["echod \(PrintableText.escape(version)), admin API", ""] + Route.table.flatMap(lines)
        return .text(status: 200, lines.joined(separator: "\n"), headers: [.init("Vary", "Accept")])
    }

    private static func lines(for route: Route) -> [String] {
        let name = padded(route.method.rawValue, 7) + padded(route.template.text, 19)
        let usage = route.endpoint.parameters.map { "         ?\($0.usage)" }
        return ["\(name)\(route.endpoint.summary)"] + usage
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.utf8.count))
    }
}

/// The samples of the service as `GET /ui/history` sends them: in columns of equal length.
enum HistoryDocument {
    /// Bytes that a sample takes in its five columns, roughly.
    private static let size = 48

    /// The document, and a newline.
    static func write(_ samples: [ServiceSample]) -> [UInt8] {
        var writer = JSONWriter(capacity: Self.size * (samples.count + 2))
        writer.object { columns in
            columns.member("active", samples.map(\.active))
            columns.member("lines", samples.map(\.lines))
            columns.member("received", samples.map(\.received))
            columns.member("sent", samples.map(\.sent))
            columns.member("uptime_ms", samples.map(\.uptime.inMilliseconds))
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }
}
