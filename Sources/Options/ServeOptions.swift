internal import Basics
package import EchoCore

/// What `serve` runs with: the value in force of every option. `options.drainTimeout` is a `Duration`, because the
/// table declares `drainTimeout` as an option of that type.
@dynamicMemberLookup
package struct ServeOptions: Sendable {
    package let table: ServeTable
    private let settings: [String: OptionSetting]
    /// What the options were read from; they are read again when the configuration file has changed.
    private let sources: OptionSources

    /// Reads the configuration file, then every option. The first error is thrown.
    package init(_ table: ServeTable, from sources: OptionSources) throws(OptionError) {
        self.table = table
        self.sources = sources
        var sources = sources
        try sources.readFile(table.config.text, options: table.all.map(\.text))
        var settings: [String: OptionSetting] = [:]
        for option in table.all { settings[option.text.name] = try option.setting(from: sources) }
        self.settings = settings
        guard self.drainDelay < self.drainTimeout else { throw delayTooLong }
    }

    /// The options of a new start with the same command line and environment.
    package func readAgain() throws(OptionError) -> ServeOptions { try ServeOptions(table, from: sources) }

    package subscript<Value>(dynamicMember option: KeyPath<ServeTable, Option<Value>>) -> Value {
        let option = table[keyPath: option]
        guard let value = setting(option.text).value as? Value else {
            preconditionFailure("\(option.text.flag) has a value of another type")
        }
        return value
    }

    /// The value in force as `GET /config` shows it, and its source.
    package func setting(_ option: OptionText) -> OptionSetting {
        guard let setting = settings[option.name] else { preconditionFailure("\(option.flag) is not in the table") }
        return setting
    }

    /// The defaults of a drain. The default of `--accept-linger` depends on what the listeners' names resolve to:
    /// handshakes over loopback take no time, so the accept queue does not need a second to settle.
    package func drainDefaults(everyTCPListenerIsLoopback: Bool) -> DrainDefaults {
        DrainDefaults(
            mode: self.drainMode, delay: self.drainDelay, timeout: self.drainTimeout, spread: self.drainSpread,
            acceptLinger: self.acceptLinger ?? (everyTCPListenerIsLoopback ? .milliseconds(50) : .seconds(1)))
    }

    /// The error names the delay: its default is smaller than any timeout, so it was given.
    private var delayTooLong: OptionError {
        let timeout = DurationFormat.print(self.drainTimeout)
        let flag = table.drainTimeout.text.flag
        let source = setting(table.drainTimeout.text).source.rawValue
        let given = setting(table.drainDelay.text).given
        return OptionError(
            option: table.drainDelay.text.flag, origin: given?.origin ?? "the default",
            value: given?.texts.last ?? DurationFormat.print(self.drainDelay),
            problem: "the delay is part of the timeout and must be smaller than \(flag) \(timeout) (\(source))",
            allowed: "less than \(timeout), or a longer \(flag)")
    }

    /// Reads the token file once, so that an unusable one is reported as bad usage before anything is opened.
    package func tryTokenFile() throws(OptionError) {
        let option = table.adminTokenFile.text
        guard let path = self.adminTokenFile, let given = setting(option).given else { return }
        do throws(UnusableFile) {
            _ = try AdminToken.read(path)
        } catch {
            throw given.error(option, value: path, problem: error.problem, allowed: AdminToken.allowed)
        }
    }
}
