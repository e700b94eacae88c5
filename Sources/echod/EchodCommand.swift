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
            repeatable ones (*) separated by commas; then from the file of --config. Defaults are in parentheses.
            """,
        helpNames: [])

    @OptionGroup var arguments: ServeArguments
    @Flag(name: [.short, .long], help: "Show this help.")
    var help = false

    package init() {}
}
