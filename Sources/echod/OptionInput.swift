/// All that options are taken from. Kept, so that they can be read again when the configuration file has changed.
package struct OptionInput: Sendable {
    private let flags: [ServeOption: [String]]
    /// Only what can be an option: other variables may be secrets of their owners.
    private let environment: [String: String]
    private let host: HostLimits

    init(flags: [ServeOption: [String]], environment: [String: String], host: HostLimits) {
        self.flags = flags
        self.environment = environment.filter { $0.key.hasPrefix("ECHOD_") }
        self.host = host
    }

    /// At the start: resolves every option and tries the token file, so that one that does not do is bad usage, seen
    /// before anything is opened. The first error is thrown.
    func resolve() throws(OptionError) -> ServeOptions {
        let (options, reader) = try read()
        guard let path = options.adminTokenFile else { return options }
        do throws(UnusableFile) {
            _ = try TokenFile.read(path)
        } catch {
            throw reader.error(.adminTokenFile, value: path, problem: error.problem, allowed: TokenFile.allowed)
        }
        return options
    }

    /// Later: what the options would be after a new start. The token file looks after itself.
    func resolveAgain() throws(OptionError) -> ServeOptions { try read().options }

    private func read() throws(OptionError) -> (options: ServeOptions, reader: OptionReader) {
        var reader = OptionReader(flags: flags, environment: environment)
        try reader.readConfiguration()
        return (try ServeOptions(reader: &reader, host: host, input: self), reader)
    }
}
