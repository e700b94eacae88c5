import Admin
import EchoCore
import Logging

/// The options as the admin shows them, and the log level as it changes it.
struct RunningSettings: ProcessSettings {
    let given: ServeOptions
    /// What the option stands for where it is not given: that depends on the listeners.
    let acceptLinger: Duration
    let desk: LogLevelDesk

    var logLevel: Logger.Level { desk.current.level }

    func setLogLevel(_ level: Logger.Level) { desk.change(to: level) }

    func options() -> [EffectiveOption] {
        let level = desk.current
        return ServeOption.allCases.map { option in
            guard option != .logLevel else {
                return EffectiveOption(
                    name: option.rawValue, value: .text(level.level.rawValue), source: level.source)
            }
            let source = given.sources[option] ?? .default
            return EffectiveOption(name: option.rawValue, value: value(of: option), source: source.rawValue)
        }
    }

    private func value(of option: ServeOption) -> EffectiveOption.Value {
        switch option {
        case .listen: .list(given.listen.map(\.description))
        case .admin: .list(given.admin.isEmpty ? ["none"] : given.admin.map(\.description))
        case .mode: .text(given.mode.rawValue)
        case .loops: .number(given.loops)
        case .maxConnections: .number(given.maxConnections)
        case .maxLine: .number(given.maxLine)
        case .idleTimeout: Self.durationOrOff(given.idleTimeout)
        case .writeTimeout: Self.durationOrOff(given.writeTimeout)
        case .linger: Self.duration(given.linger)
        case .acceptLinger: Self.duration(acceptLinger)
        case .drainMode: .text(given.drainMode.rawValue)
        case .drainDelay: Self.duration(given.drainDelay)
        case .drainTimeout: Self.duration(given.drainTimeout)
        case .drainSpread: Self.duration(given.drainSpread)
        case .report: Self.path(given.report)
        case .adminTokenFile: Self.path(given.adminTokenFile)
        case .adminHost: .list(given.adminHosts)
        case .adminAllowRemote: .toggle(given.adminAllowRemote)
        case .logLevel: .text(given.logLevel.rawValue)
        case .logFormat: .text(given.logFormat.rawValue)
        case .config: Self.path(given.config)
        }
    }

    private static func duration(_ duration: Duration) -> EffectiveOption.Value {
        .text(DurationFormat.print(duration))
    }

    private static func durationOrOff(_ duration: Duration?) -> EffectiveOption.Value {
        duration.map { Self.duration($0) } ?? .text("off")
    }

    private static func path(_ path: String?) -> EffectiveOption.Value { path.map { .text($0) } ?? .none }
}
