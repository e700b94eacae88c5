import EchoCore

/// A value that does not parse or does not fit: bad usage, exit code 64.
package struct OptionError: Error, Hashable, CustomStringConvertible {
    /// With its dashes.
    package var option: String
    /// Where the value stands, for a person: `the command line`, `line 3 of /etc/echod.json`, …
    package var origin: String
    package var value: String
    /// What is wrong with the value, and often what to write instead.
    package var problem: String
    /// The values that are allowed, in words of ours.
    package var allowed: String

    static let commandLine = "the command line"

    /// One line that names the option, the source and the problem, and a line of advice. What a user, a file or a pod's
    /// manifest hands us may hold escape sequences, and what encoding the terminal reads is not known: in UTF-8 a
    /// letter may hold the byte that begins one on another.
    package var description: String {
        """
        \(option) \(PrintableText.quote(value, limit: 120)) (from \(PrintableText.escape(origin, limit: 200))): \
        \(PrintableText.escape(problem, limit: 300))
        allowed: \(allowed)
        """
    }
}
