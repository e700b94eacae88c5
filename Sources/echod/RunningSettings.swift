import Admin
import Basics
import Logging
import Options

/// The options as the admin API shows them, and the log level as it changes it.
struct RunningSettings: ProcessSettings {
    let given: ServeOptions
    /// The accept linger in force; its default depends on the listeners.
    let acceptLinger: Duration
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
            let isAcceptLinger = name == given.table.acceptLinger.text.name
            let value = isAcceptLinger ? .text(DurationFormat.print(acceptLinger)) : setting.shown
            return EffectiveOption(name: name, value: Self.value(value), source: setting.source.rawValue)
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
