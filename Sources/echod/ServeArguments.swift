import ArgumentParser

/// The options of `serve` as they stand on a command line, unread.
struct ServeArguments: ParsableArguments {
    @Option(help: .of(.listen), completion: .of(.listen)) var listen: [String] = []
    @Option(help: .of(.admin), completion: .of(.admin)) var admin: [String] = []
    @Option(help: .of(.mode), completion: .of(.mode)) var mode: String?
    @Option(help: .of(.loops)) var loops: String?
    @Option(help: .of(.maxConnections)) var maxConnections: String?
    @Option(help: .of(.maxLine)) var maxLine: String?
    @Option(help: .of(.idleTimeout)) var idleTimeout: String?
    @Option(help: .of(.writeTimeout)) var writeTimeout: String?
    @Option(help: .of(.linger)) var linger: String?
    @Option(help: .of(.acceptLinger)) var acceptLinger: String?
    @Option(help: .of(.drainMode), completion: .of(.drainMode)) var drainMode: String?
    @Option(help: .of(.drainDelay)) var drainDelay: String?
    @Option(help: .of(.drainTimeout)) var drainTimeout: String?
    @Option(help: .of(.drainSpread)) var drainSpread: String?
    @Option(help: .of(.report), completion: .of(.report)) var report: String?
    @Option(help: .of(.adminTokenFile), completion: .of(.adminTokenFile)) var adminTokenFile: String?
    @Option(help: .of(.adminHost)) var adminHost: [String] = []
    @Flag(help: .of(.adminAllowRemote)) var adminAllowRemote = false
    @Option(help: .of(.logLevel), completion: .of(.logLevel)) var logLevel: String?
    @Option(help: .of(.logFormat), completion: .of(.logFormat)) var logFormat: String?
    @Option(help: .of(.config), completion: .of(.config)) var config: String?

    /// What stood on the command line.
    var flags: [ServeOption: [String]] {
        let single: [ServeOption: String?] = [
            .mode: mode, .loops: loops, .maxConnections: maxConnections, .maxLine: maxLine,
            .idleTimeout: idleTimeout, .writeTimeout: writeTimeout, .linger: linger, .acceptLinger: acceptLinger,
            .drainMode: drainMode, .drainDelay: drainDelay, .drainTimeout: drainTimeout, .drainSpread: drainSpread,
            .report: report, .adminTokenFile: adminTokenFile, .logLevel: logLevel, .logFormat: logFormat,
            .config: config,
            .adminAllowRemote: adminAllowRemote ? "true" : nil,
        ]
        var flags = single.compactMapValues { $0.map { [$0] } }
        flags[.listen] = listen
        flags[.admin] = admin
        flags[.adminHost] = adminHost
        return flags
    }
}

extension ArgumentHelp {
    fileprivate static func of(_ option: ServeOption) -> ArgumentHelp {
        ArgumentHelp("\(option.isRepeatable ? "* " : "")\(option.summary)", valueName: option.valueName)
    }
}

extension CompletionKind {
    /// What a shell offers for the value.
    fileprivate static func of(_ option: ServeOption) -> CompletionKind {
        switch option.valueKind {
        case .choice(let choices): .list(choices)
        case .file: .file()
        case .address: .list(option == .admin ? ["none"] + CompletionRoot.admins : CompletionRoot.listeners)
        case .number, .duration, .name, .toggle: .default
        }
    }

    /// The raw values of an enum.
    static func choices<Value: CaseIterable & RawRepresentable<String>>(_: Value.Type) -> CompletionKind {
        .list(Value.allCases.map(\.rawValue))
    }
}
