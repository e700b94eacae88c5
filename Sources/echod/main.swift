import ClientCommands
import EventLoops
import Glibc
import Options

// Before anything else is opened.
StandardStream.occupyClosedOnes()
// Before the first thread starts: threads inherit the mask, and the signals are read from a descriptor.
SignalSource.block(ProcessSignal.watched)
SignalSource.ignoreBrokenPipes()

let environment = ProcessEnvironment.current()
switch ParsedCommand.parse(arguments: Array(CommandLine.arguments.dropFirst()), environment: environment) {
case .serve(let options):
    HostLimits.growDescriptorTable(to: HostLimits.raiseDescriptorLimit())
    exit(Service(options, launchContext: .ofThisProcess()).run())
case .client(let work):
    // Signals end a client command as they end other programs.
    SignalSource.restoreDefaults(ProcessSignal.watched)
    exit(ClientConsole.ofThisProcess(environment).run(work))
case .exit(let code, let standardOutput, let standardError):
    let console = ClientConsole.ofThisProcess(environment)
    exit(console.run(TextWork(output: standardOutput, complaint: standardError, exitCode: code)))
}
