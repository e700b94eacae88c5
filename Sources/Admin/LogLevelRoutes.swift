internal import Logging
internal import MicroHTTPD

/// `GET /log-level` and `PUT /log-level?level=`. A change is taken back by HUP, where the configuration file names a
/// level, and forgotten at the end of the process.
struct LogLevelRoutes: Sendable {
    let settings: any ProcessSettings

    var routes: [Route] {
        [
            Route(
                method: .get, template: "/log-level", summary: "what is logged, as JSON", operation: .logLevel,
                handler: read),
            Route(
                method: .put, template: "/log-level", parameters: [Self.level],
                summary: "log more or less from now on", operation: .setLogLevel, handler: change),
        ]
    }

    private static let level = Parameter(
        name: "level", kind: .choice(Logger.Level.allCases.map(\.rawValue)), isRequired: true)

    private func read(_: RoutedRequest) -> HTTPReply { answer() }

    private func change(_ request: RoutedRequest) throws(Problem) -> HTTPReply {
        guard let level = try request.arguments.choice(Self.level, of: Logger.Level.self) else {
            throw .badRequest("The parameter \"level\" is missing. Allowed: \(Self.level.allowed).")
        }
        settings.setLogLevel(level)
        return answer()
    }

    private func answer() -> HTTPReply {
        .response(.json(status: 200, LogLevelDocument(level: settings.logLevel.rawValue)))
    }
}

private struct LogLevelDocument: Encodable {
    let level: String
}
