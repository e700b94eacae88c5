package import ArgumentParser

/// The version of the product, as `--version` and the status object show it.
package enum Product {
    package static let version = "0.1.0"
}

/// `echod`: its subcommands, of which `serve` needs no name.
package struct EchodCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "echod",
        abstract: "A TCP echo service that can be drained without losing a byte.",
        version: "echod \(Product.version)",
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
            repeatable ones (*) separated by commas. Defaults are in parentheses.
            """,
        helpNames: [])

    @Option(help: ArgumentHelp("* Where to echo. (127.0.0.1:8888)", valueName: "addr"))
    var listen: [String] = []
    @Option(help: ArgumentHelp("* Where the admin API answers, or none. (127.0.0.1:8889)", valueName: "addr"))
    var admin: [String] = []
    @Option(help: ArgumentHelp("upper: lines, upper-cased; verbatim: bytes, RFC 862. (upper)", valueName: "mode"))
    var mode: String?
    @Option(help: ArgumentHelp("Event loops, 1 to 256. (as many as CPUs it may use)", valueName: "n"))
    var loops: String?
    @Option(help: ArgumentHelp("Past it clients are turned away. (descriptor limit less 64)", valueName: "n"))
    var maxConnections: String?
    @Option(help: ArgumentHelp("The longest line in mode upper. (65536)", valueName: "bytes"))
    var maxLine: String?
    @Option(help: ArgumentHelp("Close a connection that is silent so long. (off)", valueName: "dur"))
    var idleTimeout: String?
    @Option(help: ArgumentHelp("Close when the peer reads nothing so long. (off)", valueName: "dur"))
    var writeTimeout: String?
    @Option(help: ArgumentHelp("How long to wait for the peer's FIN after ours. (2s)", valueName: "dur"))
    var linger: String?
    @Option(help: ArgumentHelp("Serve the accept queue when draining. (1s; 50ms on loopback)", valueName: "dur"))
    var acceptLinger: String?
    @Option(help: ArgumentHelp("How a drain ends connections: close, wait, abort. (close)", valueName: "mode"))
    var drainMode: String?
    @Option(help: ArgumentHelp("Not ready but still accepting, before a drain. (0s)", valueName: "dur"))
    var drainDelay: String?
    @Option(help: ArgumentHelp("The whole budget of a drain, delay included. (20s)", valueName: "dur"))
    var drainTimeout: String?
    @Option(help: ArgumentHelp("Spread the closing of connections over so long. (0s)", valueName: "dur"))
    var drainSpread: String?
    @Option(help: ArgumentHelp("Write the status there at the end, as JSON. (none)", valueName: "file"))
    var report: String?
    @Option(help: ArgumentHelp("* A further Host header that the admin answers to.", valueName: "name"))
    var adminHost: [String] = []
    @Flag(help: "Let clients beyond loopback drain and shut down.")
    var adminAllowRemote = false
    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error, critical. (info)", valueName: "level"))
    var logLevel: String?
    @Option(help: ArgumentHelp("text or json, on standard error. (text)", valueName: "format"))
    var logFormat: String?
    @Flag(name: [.short, .long], help: "Show this help.")
    var help = false

    package init() {}

    /// What stood on the command line.
    var flags: [ServeOption: [String]] {
        let single: [ServeOption: String?] = [
            .mode: mode, .loops: loops, .maxConnections: maxConnections, .maxLine: maxLine,
            .idleTimeout: idleTimeout, .writeTimeout: writeTimeout, .linger: linger, .acceptLinger: acceptLinger,
            .drainMode: drainMode, .drainDelay: drainDelay, .drainTimeout: drainTimeout, .drainSpread: drainSpread,
            .report: report, .logLevel: logLevel, .logFormat: logFormat,
            .adminAllowRemote: adminAllowRemote ? "true" : nil,
        ]
        var flags = single.compactMapValues { $0.map { [$0] } }
        flags[.listen] = listen
        flags[.admin] = admin
        flags[.adminHost] = adminHost
        return flags
    }
}
