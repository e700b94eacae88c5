internal import Basics

/// A value that does not parse or does not fit: bad usage, exit code 64.
package struct OptionError: Error, Hashable, CustomStringConvertible {
    /// With its dashes.
    package var option: String
    /// Where the value was given, for a person: `the command line`, `line 3 of /etc/echod.json`, …
    package var origin: String
    package var value: String
    /// What is wrong with the value, and often what to write instead.
    package var problem: String
    /// The allowed values, in echod's own words.
    package var allowed: String

    package static let commandLine = "the command line"

    package init(option: String, origin: String, value: String, problem: String, allowed: String) {
        self.option = option
        self.origin = origin
        self.value = value
        self.problem = problem
        self.allowed = allowed
    }

    /// One line that names the option, the source and the problem, and a line of advice. A value from a user, a file
    /// or a pod's manifest may hold escape sequences, and the encoding of the terminal is not known: a letter in UTF-8
    /// may hold the byte that begins an escape sequence in another encoding.
    package var description: String {
        """
        \(option) \(PrintableText.quote(value, limit: 120)) (from \(PrintableText.escape(origin, limit: 200))): \
        \(PrintableText.escape(problem, limit: 300))
        allowed: \(allowed)
        """
    }
}

/// A value that an option does not take; the caller adds the option and where the value was given.
package struct Unacceptable: Error {
    var problem: String
}
