import EventLoops
import Logging
import Logs
import Options
import Threads

/// The level of the log while the process runs: from the options at first, then as the admin and HUP change it.
final class LogLevelController: Sendable {
    /// The source of the level in force: that of the option, or `admin`.
    private let source: Lock<String>
    private let options: ServeOptions
    private let output: LogOutput
    private let log: Logger

    init(_ options: ServeOptions, output: LogOutput, log: Logger) {
        self.options = options
        self.output = output
        self.log = log
        source = Lock(Self.source(of: options).rawValue)
    }

    /// The level in force and its source.
    var current: (level: Logger.Level, source: String) {
        source.withLock { (output.level, $0) }
    }

    func change(to level: Logger.Level) {
        set(level, source: "admin")
    }

    /// HUP: sets the level that a new start would use, unless a flag or the environment gives one. A configuration file
    /// with any error changes nothing. Reads a small local file on the calling thread.
    func reload() {
        guard let path = options.config else { return log.nothingToReload() }
        let source = Self.source(of: options)
        do throws(OptionError) {
            let options = try options.readAgain()
            switch source {
            case .flag, .environment: log.levelFixed(source, output.level, file: path)
            case .file, .default: set(options.logLevel, source: Self.source(of: options).rawValue)
            }
        } catch {
            log.reloadFailed(path, error)
        }
    }

    private func set(_ level: Logger.Level, source new: String) {
        let was = output.level
        // After a change to a level above notice the line would be hidden.
        let isLoggedBefore = level > .notice
        if isLoggedBefore { log.levelChanged(from: was, to: level, source: new) }
        source.withLock {
            output.level = level
            $0 = new
        }
        if !isLoggedBefore { log.levelChanged(from: was, to: level, source: new) }
    }

    private static func source(of options: ServeOptions) -> OptionSource {
        options.setting(options.table.logLevel.text).source
    }
}
