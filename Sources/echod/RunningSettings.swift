import Admin
import Basics
import Logging
import Options

/// The options as the admin API shows them, and the log level, which the API can change.
struct RunningSettings: ProcessSettings {
    let given: ServeOptions
    /// The accept linger in force; its default depends on the listeners.
    let acceptLinger: Duration
    /// The limit in force; its default depends on the descriptors.
    let maximumConnections: Int
    let logLevelController: LogLevelController

    var logLevel: Logger.Level { logLevelController.current.level }

    func setLogLevel(_ level: Logger.Level) { logLevelController.change(to: level) }

    func options() -> [EffectiveOption] {
        given.table.all.map { option in
            let name = option.text.name
            let setting = given.setting(option.text)
            if name == given.table.logLevel.text.name {
                let (level, source) = logLevelController.current
                return EffectiveOption(name: name, value: .text(level.rawValue), source: source)
            }
            let value = computed(name) ?? Self.value(setting.shown)
            return EffectiveOption(name: name, value: value, source: setting.source.rawValue)
        }
    }

    /// The value in force of an option whose default depends on more than the options.
    private func computed(_ name: String) -> EffectiveOption.Value? {
        switch name {
        case given.table.acceptLinger.text.name: .text(DurationFormat.print(acceptLinger))
        case given.table.maxConnections.text.name: .number(maximumConnections)
        default: nil
        }
    }

    private static func value(_ shown: OptionValue) -> EffectiveOption.Value {
        switch shown {
        case .text(let text): .text(text)
        case .number(let number): .number(number)
        case .toggle(let isOn): .toggle(isOn)
        case .list(let texts): .list(texts)
        case .none: .none
        }
    }
}
