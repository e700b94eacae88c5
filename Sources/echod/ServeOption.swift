/// The options of `serve`: the one list from which flags, environment variables, the keys of the configuration file,
/// help, completion, manual and messages take their names.
package enum ServeOption: String, Hashable, Sendable, CaseIterable {
    case listen, admin, mode, loops
    case maxConnections = "max-connections"
    case maxLine = "max-line"
    case idleTimeout = "idle-timeout"
    case writeTimeout = "write-timeout"
    case linger
    case acceptLinger = "accept-linger"
    case drainMode = "drain-mode"
    case drainDelay = "drain-delay"
    case drainTimeout = "drain-timeout"
    case drainSpread = "drain-spread"
    case report
    case adminTokenFile = "admin-token-file"
    case adminHost = "admin-host"
    case adminAllowRemote = "admin-allow-remote"
    case logLevel = "log-level"
    case logFormat = "log-format"
    case config

    /// `--drain-timeout`
    package var flag: String { "--\(rawValue)" }

    /// `ECHOD_DRAIN_TIMEOUT`
    package var environmentVariable: String {
        "ECHOD_" + rawValue.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }
}

/// Where the value of an option came from, the strongest first.
package enum OptionSource: String, Hashable, Sendable, CaseIterable {
    case flag, environment, file, `default`
}
