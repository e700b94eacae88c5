import EchoCore
import EventLoops

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

extension OptionReader.Kind where Value == String {
    /// The peers to show: an address as peers are shown, with or without port.
    static var peer: Self {
        let allowed = "an address with or without port (10.0.0.9, 10.0.0.9:51234, [::1]:51234) or unix"
        return .init(allowed: allowed) { (text) throws(Unacceptable) in
            guard isPeer(text) else { throw Unacceptable(problem: "this is not an address") }
            return text
        }
    }

    private static func isPeer(_ text: String) -> Bool {
        if text == "unix" || text.hasPrefix("unix:") || isAddress(text[...]) { return true }
        guard let colon = text.lastIndex(of: ":"), UInt16(text[text.index(after: colon)...]) != nil else {
            return text.hasPrefix("[") && text.hasSuffix("]") && isAddress(text.dropFirst().dropLast())
        }
        let host = text[..<colon]
        guard host.hasPrefix("[") else { return !host.contains(":") && isAddress(host) }
        return host.hasSuffix("]") && isAddress(host.dropFirst().dropLast())
    }

    /// A link-local address carries its zone: `fe80::1%eth0`.
    private static func isAddress(_ text: Substring) -> Bool {
        SocketAddress(literal: String(text.prefix { $0 != "%" }), port: 0) != nil
    }
}
