internal import MicroHTTPD

/// `GET /config`: the options in force and where each comes from. There is no secret among them: of the token only the
/// path of its file.
struct ConfigRoutes: Sendable {
    let settings: any ProcessSettings

    var routes: [Route] {
        [
            Route(
                method: .get, template: "/config", summary: "the options in force and their sources, as JSON",
                operation: .config, handler: config)
        ]
    }

    private func config(_: RoutedRequest) -> HTTPReply {
        .response(.json(status: 200, ConfigDocument(settings.options())))
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
