import EchoCore

/// A value that a client command does not take: exit code 64, in the words of `OptionError`.
package struct ClientOptionError: Error, Hashable, CustomStringConvertible {
    /// With its dashes.
    var option: String
    /// `the command line`, …
    var origin: String
    var value: String
    var problem: String
    var allowed: String

    package var description: String {
        """
        \(option) \(PrintableText.quote(value)) (from \(origin)): \(problem)
        allowed: \(allowed)
        """
    }

    static let commandLine = "the command line"
}

extension OptionReader.Kind {
    /// The value of an option that stands on the command line only; nil when it does not.
    func read(_ option: String, _ text: String?) throws(ClientOptionError) -> Value? {
        guard let text else { return nil }
        return try read(option, text, from: ClientOptionError.commandLine)
    }

    func read(_ option: String, _ text: String, from origin: String) throws(ClientOptionError) -> Value {
        do throws(Unacceptable) {
            return try parse(text)
        } catch {
            throw ClientOptionError(
                option: option, origin: origin, value: text, problem: error.problem, allowed: allowed)
        }
    }
}
