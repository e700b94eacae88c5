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

/// A value that does not parse or does not fit: bad usage, exit code 64.
package struct OptionError: Error, Hashable, CustomStringConvertible {
    package var option: ServeOption
    /// Where the value stands, for a person.
    package var origin: String
    package var value: String
    /// What is wrong with the value, and often what to write instead.
    package var problem: String
    /// The values that are allowed.
    package var allowed: String

    /// One line that names the option, the source and the problem, and a line of advice.
    package var description: String {
        let problem = Self.printable(problem, limit: 300)
        return """
            \(option.flag) \(Self.quoted(value)) (from \(Self.printable(origin, limit: 200))): \(problem)
            allowed: \(allowed)
            """
    }

    private static func quoted(_ text: String) -> String { "\"\(printable(text, limit: 120))\"" }

    /// The text as a terminal can show it: what a user or a pod's manifest hands us may hold escape sequences.
    private static func printable(_ text: String, limit: Int) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if result.utf8.count >= limit { return result + "..." }
            let isControl = scalar.value < 32 || (127..<160).contains(scalar.value)
            let code = String(scalar.value, radix: 16)
            result += isControl ? (code.utf8.count < 2 ? "\\x0" : "\\x") + code : String(scalar)
        }
        return result
    }
}
