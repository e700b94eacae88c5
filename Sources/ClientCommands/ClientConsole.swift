internal import AdminClient
internal import EchoCore
internal import EventLoops
internal import Options

/// The output of a client command, and whether a person reads it.
package struct ClientConsole: Sendable {
    /// Whether standard output is a terminal; the same for standard error.
    var hasOutputTerminal: Bool
    var hasErrorTerminal: Bool
    var environment: [String: String]

    package static func ofThisProcess(_ environment: [String: String]) -> ClientConsole {
        ClientConsole(
            hasOutputTerminal: Terminal.isTerminal(StandardStream.output.rawValue),
            hasErrorTerminal: Terminal.isTerminal(StandardStream.error.rawValue), environment: environment)
    }

    /// Whether the lines on a stream's terminal can be redrawn.
    var canRedrawOutput: Bool { hasOutputTerminal && TextStyle.hasEscapes(environment) }
    var canRedrawError: Bool { hasErrorTerminal && TextStyle.hasEscapes(environment) }

    /// The style of standard output.
    var style: TextStyle { TextStyle(isTerminal: hasOutputTerminal, environment: environment) }

    /// The size of standard output's terminal; nil if there is none, and then everything fits.
    var size: Terminal.Size? {
        guard hasOutputTerminal else { return nil }
        // What a terminal without a size has had since 1978.
        return Terminal.size(of: StandardStream.output.rawValue) ?? Terminal.Size(columns: 80, rows: 24)
    }

    /// A line of the answer; nothing for the empty text.
    func say(_ text: String) throws(UnwritableOutput) {
        if !text.isEmpty { try write("\(text)\n") }
    }

    /// To standard output as it is.
    func write(_ text: String) throws(UnwritableOutput) {
        do throws(SystemCallError) {
            try StandardStream.output.write(text)
        } catch {
            throw UnwritableOutput(cause: error)
        }
    }

    /// A line for a person; nothing for the empty text. If it cannot be written, there is no other way to tell.
    func complain(_ text: String) {
        if !text.isEmpty { try? StandardStream.error.write("echod: \(text)\n") }
    }

    /// Says why the server refused, and what to do about it if that is known; returns the exit code for that.
    func refuse(_ answer: HTTPAnswer, hint: String? = nil) -> Int32 {
        complain(Refusal.text(answer))
        if let hint { complain(hint) }
        return Self.failure
    }

    /// No answer, a refusal, a probe that says no, or output that cannot be written.
    static let failure = Int32(ExitCode.failure.rawValue)

    /// Does `work`; returns the exit code of the process. With a closed pipe the process ends here.
    package func run(_ work: any ClientWork) -> Int32 {
        do {
            return try work.run(self)
        } catch let error as OptionError {
            complain(error.description)
            return Int32(ExitCode.badUsage.rawValue)
        } catch let error as UnwritableOutput {
            if error.isClosedPipe { UnwritableOutput.dieOfClosedPipe() }
            complain(work.changesServer ? "\(error)\nthe server has done what was asked" : "\(error)")
            return Self.failure
        } catch {
            complain("\(error)")
            return Self.failure
        }
    }
}

/// Texts that need no server: help, version, completion scripts, and usage errors.
package struct TextWork: ClientWork {
    /// Either may be empty; both end with a newline otherwise.
    var output: String
    var complaint: String
    var exitCode: Int32

    package init(output: String, complaint: String, exitCode: Int32) {
        self.output = output
        self.complaint = complaint
        self.exitCode = exitCode
    }

    package func run(_ console: ClientConsole) throws -> Int32 {
        try? StandardStream.error.write(complaint)
        try console.write(output)
        return exitCode
    }
}
