/// The options of `serve`: the one list from which flags, environment variables and messages take their names.
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
    case adminHost = "admin-host"
    case adminAllowRemote = "admin-allow-remote"
    case logLevel = "log-level"
    case logFormat = "log-format"

    /// `--drain-timeout`
    package var flag: String { "--\(rawValue)" }

    /// `ECHOD_DRAIN_TIMEOUT`
    package var environmentVariable: String {
        "ECHOD_" + rawValue.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }
}

/// Where the value of an option came from, the strongest first. A configuration file will stand before the default.
package enum OptionSource: String, Hashable, Sendable, CaseIterable {
    case flag, environment, `default`
}

/// A value that does not parse or does not fit: bad usage, exit code 64.
package struct OptionError: Error, Hashable, CustomStringConvertible {
    package var option: ServeOption
    package var source: OptionSource
    package var value: String
    /// What is wrong with the value, and often what to write instead.
    package var problem: String
    /// The values that are allowed.
    package var allowed: String

    /// One line that names the option, the source and the problem, and a line of advice.
    package var description: String {
        """
        \(option.flag) \(Self.quoted(value)) (from \(origin)): \(Self.printable(problem, limit: 300))
        allowed: \(allowed)
        """
    }

    private var origin: String {
        switch source {
        case .flag: "the command line"
        case .environment: "the environment variable \(option.environmentVariable)"
        case .default: "the default"
        }
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
