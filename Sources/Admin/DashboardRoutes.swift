internal import EchoCore
internal import MicroHTTPD

/// The dashboard: the page that `GET /` gives a browser, and `/ui/…`, its parts.
struct DashboardRoutes: Sendable {
    private let service: any ServiceControl
    private let configuration: AdminConfiguration
    private let assets = DashboardAssets()

    init(service: any ServiceControl, configuration: AdminConfiguration) {
        self.service = service
        self.configuration = configuration
    }

    var routes: [Route] {
        [
            Route(
                method: .get, template: "/ui/history", summary: "the last five minutes, for the dashboard's charts",
                operation: .dashboardHistory
            ) { [service] _ in .response(.json(status: 200, bytes: HistoryDocument.write(service.recentSamples()))) },
            Route(
                method: .get, template: "/ui/{file}", summary: "a part of the dashboard",
                operation: .dashboardPart(names: assets.names)
            ) { [assets] request throws(Problem) in
                let name = request.segment ?? ""
                guard let file = assets[name] else {
                    throw .notFound("The dashboard has no part \(PrintableText.quote(name)). Open / in a browser.")
                }
                return .response(file)
            },
        ]
    }

    /// The page for a browser that came by `host`.
    func page(host: String) -> HTTPReply {
        .deferred { [service, configuration, assets] answer in
            service.sampleStatus { status in
                service.connections(ConnectionQuery(limit: 100)) { open in
                    service.connections(ConnectionQuery(state: .closed, limit: 1000)) { closed in
                        answer.complete {
                            let page = DashboardPage(
                                status: status, open: open?(), closed: closed?(),
                                drainDefaults: configuration.drainDefaults, options: configuration.settings.options(),
                                host: host, needsToken: configuration.token != nil)
                            return .page(page.html(assets.page))
                        }
                    }
                }
            }
        }
    }

    /// Whether somebody who accepts this wants a page: a browser names `text/html`, and curl does not. Who would rather
    /// have plain text gets the list.
    static func wantsPage(accept values: [String]) -> Bool {
        let ranges = MediaRange.all(in: values)
        func quality(_ type: String) -> Int { ranges.first { $0.type == type }?.quality ?? 0 }
        return quality("text/html") > 0 && quality("text/html") >= quality("text/plain")
    }
}
