import EchoCore
import Logging

/// What an option is for, in few words. Help, completion and manual are made from these.
extension ServeOption {
    /// What its value looks like to those who do not read it: shells, the configuration file.
    enum ValueKind: Hashable, Sendable {
        case address, number, duration, file, name, toggle
        case choice([String])
    }

    var valueKind: ValueKind {
        switch self {
        case .listen, .admin: .address
        case .mode: .choice(EchoMode.allCases.map(\.rawValue))
        case .drainMode: .choice(DrainMode.allCases.map(\.rawValue))
        case .logLevel: .choice(Logger.Level.allCases.map(\.rawValue))
        case .logFormat: .choice(LogFormat.allCases.map(\.rawValue))
        case .loops, .maxConnections, .maxLine: .number
        case .idleTimeout, .writeTimeout, .linger, .acceptLinger, .drainDelay, .drainTimeout, .drainSpread: .duration
        case .report, .adminTokenFile, .config: .file
        case .adminHost: .name
        case .adminAllowRemote: .toggle
        }
    }

    /// Values are collected; the environment separates them by commas.
    var isRepeatable: Bool {
        switch self {
        case .listen, .admin, .adminHost: true
        default: false
        }
    }

    /// How its value is called in help and manual.
    var valueName: String {
        switch valueKind {
        case .address: "addr"
        case .number: self == .maxLine ? "bytes" : "n"
        case .duration: "dur"
        case .file: "file"
        case .name: "name"
        case .toggle: "bool"
        case .choice:
            switch self {
            case .logLevel: "level"
            case .logFormat: "format"
            default: "mode"
            }
        }
    }

    /// A line of the help, the default in parentheses.
    var summary: String {
        switch self {
        case .listen: "Where to echo. (127.0.0.1:8888)"
        case .admin: "Where the admin API answers, or none. (127.0.0.1:8889)"
        case .mode: "upper: lines, upper-cased; verbatim: bytes, RFC 862. (upper)"
        case .loops: "Event loops, 1 to 256. (as many as CPUs it may use)"
        case .maxConnections: "Past it clients are turned away. (descriptor limit less 64)"
        case .maxLine: "The longest line in mode upper. (65536)"
        case .idleTimeout: "Close a connection that is silent so long. (off)"
        case .writeTimeout: "Close when the peer reads nothing so long. (off)"
        case .linger: "How long to wait for the peer's FIN after ours. (2s)"
        case .acceptLinger: "Serve the accept queue when draining. (1s; 50ms on loopback)"
        case .drainMode: "How a drain ends connections: close, wait, abort. (close)"
        case .drainDelay: "Not ready but still accepting, before a drain. (0s)"
        case .drainTimeout: "The whole budget of a drain, delay included. (20s)"
        case .drainSpread: "Spread the closing of connections over so long. (0s)"
        case .report: "Write the status there at the end, as JSON. (none)"
        case .adminTokenFile: "Holds the bearer token that every change needs. (none)"
        case .adminHost: "A further Host header that the admin answers to."
        case .adminAllowRemote: "Let clients beyond loopback drain and shut down."
        case .logLevel: "trace, debug, info, notice, warning, error, critical. (info)"
        case .logFormat: "text or json, on standard error. (text)"
        case .config: "Options by name, as JSON with comments. (none)"
        }
    }
}
