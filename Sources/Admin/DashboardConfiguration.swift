internal import EchoCore

/// The options in force, as `GET /config` has them. Those that somebody has set stand out.
struct DashboardConfiguration {
    let options: [EffectiveOption]

    var html: HTML {
        .element("section", ["class": "panel whole", "aria-labelledby": "configuration-title"]) {
            HTML.element("div", ["class": "panel-head"]) {
                HTML.element("h2", ["id": "configuration-title"]) { "Configuration in force" }
                HTML.element("p", ["class": "count"]) { "\(setCount) of \(options.count) set, the others by default" }
            }
            HTML.element("dl", ["class": "pairs options"]) {
                for option in options.sorted(by: { $0.name < $1.name }) { Self.pair(option) }
            }
        }
    }

    private var setCount: Int { options.count { $0.source != Self.byDefault } }

    private static let byDefault = "default"

    private static func pair(_ option: EffectiveOption) -> HTML {
        let isSet = option.source != byDefault
        return .element("div", ["class": isSet ? "set" : nil]) {
            HTML.element("dt") { option.name }
            HTML.element("dd") {
                PrintableText.escape(text(option.value))
                if isSet {
                    HTML.element("span", ["class": "source"]) { " by \(option.source)" }
                }
            }
        }
    }

    private static func text(_ value: EffectiveOption.Value) -> String {
        switch value {
        case .text(let text): text
        case .number(let number): DashboardFormat.count(number)
        case .toggle(let isOn): isOn ? "on" : "off"
        case .list(let texts): texts.isEmpty ? "none" : texts.joined(separator: ", ")
        case .none: "none"
        }
    }
}
