package import Logging

/// The settings the process runs with, including those that can be changed while it runs. Called on the HTTP server's
/// threads; nothing here blocks.
package protocol ProcessSettings: Sendable {
    /// Every option of `serve` with the value in force.
    func options() -> [EffectiveOption]
    /// The least severe level that is logged.
    var logLevel: Logger.Level { get }
    /// Takes effect with the next line, until the next change or the end of the process.
    func setLogLevel(_ level: Logger.Level)
}

/// One option of `serve`, as `GET /config` shows it.
package struct EffectiveOption: Hashable, Sendable {
    /// Written as in the configuration file, so that the one can be made from the other.
    package enum Value: Hashable, Sendable {
        case text(String)
        case number(Int)
        case toggle(Bool)
        case list([String])
        /// Not given, and there is no default.
        case none
    }

    /// Without dashes: `drain-timeout`.
    package var name: String
    package var value: Value
    /// Where it comes from: `flag`, `environment`, `file`, `default`, or `admin` for what was changed by a request.
    package var source: String

    package init(name: String, value: Value, source: String) {
        self.name = name
        self.value = value
        self.source = source
    }
}
