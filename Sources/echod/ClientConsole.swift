import AdminClient
import EchoCore
import EventLoops

/// Where a client command speaks, and to whom.
package struct ClientConsole: Sendable {
    /// A terminal reads standard output; the same of standard error.
    var hasOutputTerminal: Bool
    var hasErrorTerminal: Bool
    var environment: [String: String]

    static func ofThisProcess(_ environment: [String: String]) -> ClientConsole {
        ClientConsole(
            hasOutputTerminal: Terminal.isTerminal(StandardStream.output.rawValue),
            hasErrorTerminal: Terminal.isTerminal(StandardStream.error.rawValue), environment: environment)
    }

    /// Whether what stands on a stream's terminal can be drawn anew.
    var canRedrawOutput: Bool { hasOutputTerminal && TextStyle.hasEscapes(environment) }
    var canRedrawError: Bool { hasErrorTerminal && TextStyle.hasEscapes(environment) }

    /// Of standard output.
    var style: TextStyle { TextStyle(isTerminal: hasOutputTerminal, environment: environment) }

    /// Of standard output's terminal; nil where there is none, and everything fits.
    var size: Terminal.Size? {
        guard hasOutputTerminal else { return nil }
        // What a terminal without a size has had since 1978.
        return Terminal.size(of: StandardStream.output.rawValue) ?? Terminal.Size(columns: 80, rows: 24)
    }

    /// A line for whoever asked; nothing for the empty text.
    func say(_ text: String) {
        if !text.isEmpty { StandardStream.output.write("\(text)\n") }
    }

    /// A line for a person; nothing for the empty text.
    func complain(_ text: String) {
        if !text.isEmpty { StandardStream.error.write("echod: \(text)\n") }
    }

    /// Says why an answer is no use; returns the exit code for that.
    func refuse(_ answer: HTTPAnswer) -> Int32 {
        complain(Refusal.text(answer))
        return Self.failure
    }

    /// No answer, a refusal, or a probe that says no.
    static let failure = Int32(ExitCode.failure.rawValue)

    /// Does `work`; returns the exit code of the process.
    package func run(_ work: any ClientWork) -> Int32 {
        do {
            return try work.run(self)
        } catch let error as OptionError {
            complain(error.description)
            return Int32(ExitCode.badUsage.rawValue)
        } catch {
            complain("\(error)")
            return Self.failure
        }
    }
}
