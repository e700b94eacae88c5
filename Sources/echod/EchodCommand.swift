package import ArgumentParser

/// `echod`: its subcommands, of which `serve` needs no name.
package struct EchodCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "echod",
        abstract: "A TCP echo service that can be drained without losing a byte.",
        version: Product.description,
        subcommands: [ServeCommand.self] + ClientArguments.subcommands.map { $0 },
        defaultSubcommand: ServeCommand.self,
        // Who asks `echod --help` wants the options of serve: the flag is left to the default subcommand.
        helpNames: [])

    package init() {}
}

/// `echod serve`. Only finds out what was written where: values are read by `ServeOptions`, so that a flag and an
/// environment variable are judged by the same code in the same words.
package struct ServeCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Upper-cases and echoes every line it gets over TCP, and drains without losing a byte.",
        usage: "echod [serve] [options]",
        discussion: """
            ADDR is HOST:PORT, [V6]:PORT, :PORT (every interface) or unix:PATH. DUR is 500ms, 20s, 2m or 1h. \
            An option not given here is taken from the environment: --drain-timeout from ECHOD_DRAIN_TIMEOUT, \
            repeatable ones (*) separated by commas; then from the file of --config. Defaults are in parentheses.\(others)
            """,
        helpNames: [])

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
    @Flag(name: [.short, .long], help: "Show this help.")
    var help = false

    package init() {}

    /// Who asks for help without a command is told of the others, too.
    private static var others: String {
        // Its own configuration is just being made: asking for it here would wait for itself.
        let commands = EchodCommand.configuration.subcommands.filter {
            ObjectIdentifier($0) != ObjectIdentifier(ServeCommand.self)
        }
        let others = commands.compactMap { $0.configuration.commandName }
        guard !others.isEmpty else { return "" }
        return "\n\nOther commands: \(others.joined(separator: ", ")); echod COMMAND --help describes each."
    }

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
        case .address: .list(option == .admin ? ["none", "localhost:8889", ":8889", "unix:"] : [":8888", "unix:"])
        case .number, .duration, .name, .toggle: .default
        }
    }
}
