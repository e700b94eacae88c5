internal import Logging
internal import MicroHTTPD

/// `GET /config` and `/log-level`: the settings the process runs with, and those that can be changed.
enum SettingsRoutes {
    /// The options hold no secret: for the token, only the path of its file.
    static let config = Endpoint(
        summary: "the options in effect and their sources, as JSON",
        operation: Operation("getConfig", .process, .json(200, "The options in effect and their sources.", "Config"))
    ) { request in
        .response(.json(status: 200, ConfigDocument(request.context.configuration.settings.options())))
    }

    static let logLevel = Endpoint(
        summary: "what is logged, as JSON",
        operation: Operation(
            "getLogLevel", .process, .json(200, "The level.", "LogLevel", example: ["level": "info"]))
    ) { request in
        .response(level(request.context.configuration.settings))
    }

    /// A change lasts until HUP, if the configuration file names a level, or until the end of the process.
    static let setLogLevel = Endpoint(
        summary: "log more or less from now on", parameters: [level],
        operation: Operation(
            "setLogLevel", .process,
            .json(200, "The level from now on.", "LogLevel", example: ["level": "debug"]))
    ) { request throws(Problem) in
        guard let chosen = try request.arguments.choice(level, of: Logger.Level.self) else {
            throw .badRequest("The parameter \"level\" is missing. Allowed: \(level.allowed).")
        }
        let settings = request.context.configuration.settings
        settings.setLogLevel(chosen)
        return .response(level(settings))
    }

    private static let level = Parameter(
        name: "level", kind: .choice(Logger.Level.allCases.map(\.rawValue)), isRequired: true)

    private static func level(_ settings: any ProcessSettings) -> HTTPResponse {
        .json(status: 200, LogLevelDocument(level: settings.logLevel.rawValue))
    }
}

private struct ConfigDocument: Encodable {
    let options: [String: OptionDocument]

    init(_ effective: [EffectiveOption]) {
        options = Dictionary(uniqueKeysWithValues: effective.map { ($0.name, OptionDocument(option: $0)) })
    }
}

private struct OptionDocument: Encodable {
    let option: EffectiveOption

    private enum CodingKeys: String, CodingKey {
        case source, value
    }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(option.source, forKey: .source)
        switch option.value {
        case .text(let text): try object.encode(text, forKey: .value)
        case .number(let number): try object.encode(number, forKey: .value)
        case .toggle(let isOn): try object.encode(isOn, forKey: .value)
        case .list(let texts): try object.encode(texts, forKey: .value)
        case .none: try object.encodeNil(forKey: .value)
        }
    }
}

private struct LogLevelDocument: Encodable {
    let level: String
}
