package import EchoCore
package import Logging

/// What `serve` runs with: every option resolved, from flag, environment, configuration file or default.
package struct ServeOptions: Sendable {
    package var listen: [ListenAddress] = [.host("127.0.0.1", port: 8888)]
    /// Empty: `--admin none`.
    package var admin: [ListenAddress] = [.host("127.0.0.1", port: 8889)]
    package var mode = EchoMode.upper
    package var loops: Int
    package var maxConnections: Int
    /// Bytes of a line without its `\n`.
    package var maxLine = 65536
    /// nil: off.
    package var idleTimeout: Duration?
    /// nil: off.
    package var writeTimeout: Duration?
    package var linger = Duration.seconds(2)
    /// nil: not given. The default depends on what the listeners' names resolve to: `drainDefaults` takes it then.
    package var acceptLinger: Duration?
    package var drainMode = DrainMode.close
    package var drainDelay = Duration.zero
    package var drainTimeout = Duration.seconds(20)
    package var drainSpread = Duration.zero
    /// The path of the report at the end; nil: none.
    package var report: String?
    /// nil: none.
    package var adminTokenFile: String?
    /// Lower-cased.
    package var adminHosts: [String] = []
    package var adminAllowRemote = false
    package var logLevel = Logger.Level.info
    package var logFormat = LogFormat.text
    /// Where each option's value came from, for `GET /config`.
    package var sources: [ServeOption: OptionSource] = [:]
    /// The path of the configuration file; nil: none.
    package var config: String?
    /// What all this was read from.
    let input: OptionInput

    /// What a drain falls back on, once it is known whether clients can only come over loopback (whose handshakes
    /// take no time, so that the accept queue needs no second to settle).
    package func drainDefaults(everyTCPListenerIsLoopback: Bool) -> DrainDefaults {
        DrainDefaults(
            mode: drainMode, delay: drainDelay, timeout: drainTimeout, spread: drainSpread,
            acceptLinger: acceptLinger ?? (everyTCPListenerIsLoopback ? .milliseconds(50) : .seconds(1)))
    }

    /// Resolves every option; the first value that does not do is thrown.
    init(reader: inout OptionReader, host: HostLimits, input: OptionInput) throws(OptionError) {
        self.input = input
        loops = host.defaultLoops
        maxConnections = host.defaultMaxConnections
        try readService(&reader, host)
        try readTimes(&reader)
        try readAdmin(&reader)
        report = try reader.single(.report, .file)
        logLevel = try reader.single(.logLevel, .choice) ?? logLevel
        logFormat = try reader.single(.logFormat, .choice) ?? logFormat
        config = try reader.single(.config, .file)
        sources = reader.sources
    }

    private mutating func readService(_ reader: inout OptionReader, _ host: HostLimits) throws(OptionError) {
        listen = try reader.list(.listen, .address) ?? listen
        mode = try reader.single(.mode, .choice) ?? mode
        loops = try reader.single(.loops, .number(HostLimits.loops)) ?? loops
        let reserve = HostLimits.reservedDescriptors
        let remark = " (the hard descriptor limit of \(host.descriptorLimit) less \(reserve); raise it with ulimit -Hn)"
        maxConnections =
            try reader.single(.maxConnections, .number(1...host.defaultMaxConnections, remark)) ?? maxConnections
        maxLine = try reader.single(.maxLine, .number(1...16_777_216, " bytes (16 MiB)")) ?? maxLine
    }

    private mutating func readTimes(_ reader: inout OptionReader) throws(OptionError) {
        idleTimeout = try reader.single(.idleTimeout, .durationOrOff(from: .milliseconds(1))) ?? nil
        writeTimeout = try reader.single(.writeTimeout, .durationOrOff(from: .milliseconds(1))) ?? nil
        linger = try reader.single(.linger, .duration()) ?? linger
        acceptLinger = try reader.single(.acceptLinger, .duration())
        drainMode = try reader.single(.drainMode, .choice) ?? drainMode
        drainTimeout = try reader.single(.drainTimeout, .duration(from: .milliseconds(100))) ?? drainTimeout
        drainDelay = try reader.single(.drainDelay, .duration()) ?? drainDelay
        drainSpread = try reader.single(.drainSpread, .duration()) ?? drainSpread
        guard drainDelay < drainTimeout else { throw delayTooLong(reader) }
    }

    /// The blame is the delay's: its default is smaller than any timeout, so somebody gave it.
    private func delayTooLong(_ reader: OptionReader) -> OptionError {
        let timeout = "\(ServeOption.drainTimeout.flag) \(DurationFormat.print(drainTimeout))"
        let source = reader.sources[.drainTimeout] ?? .default
        return reader.error(
            .drainDelay, value: DurationFormat.print(drainDelay),
            problem: "the delay is part of the timeout and must be smaller than \(timeout) (\(source.rawValue))",
            allowed: "less than \(DurationFormat.print(drainTimeout)), or a longer \(ServeOption.drainTimeout.flag)")
    }

    private mutating func readAdmin(_ reader: inout OptionReader) throws(OptionError) {
        if let given = try reader.list(.admin, .addressOrNone) {
            admin = given.compactMap { $0 }
            guard admin.isEmpty || admin.count == given.count else {
                throw reader.error(
                    .admin, value: "none", problem: "none cannot stand beside an address",
                    allowed: OptionReader.Kind<ListenAddress?>.addressOrNone.allowed)
            }
        }
        adminTokenFile = try reader.single(.adminTokenFile, .file)
        adminHosts = try reader.list(.adminHost, .hostName)?.map { $0.lowercased() } ?? []
        adminAllowRemote = try reader.single(.adminAllowRemote, .toggle) ?? false
    }
}
