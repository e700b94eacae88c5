/// A host and perhaps a port: `localhost`, `127.0.0.1:8889`, `[::1]:8889`.
package struct Authority: Hashable, Sendable {
    /// Without the brackets of an IPv6 address.
    package var host: String
    package var isBracketed: Bool
    /// nil where there is none.
    package var port: UInt16?

    /// Takes the text apart and judges the port; what the host may be is the caller's to judge.
    package init?(_ text: String) {
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = String(text[text.index(after: text.startIndex)..<end])
            isBracketed = true
            rest = text[text.index(after: end)...]
        } else {
            let end = text.firstIndex(of: ":") ?? text.endIndex
            host = String(text[..<end])
            isBracketed = false
            rest = text[end...]
        }
        guard !host.isEmpty else { return nil }
        if rest.isEmpty {
            port = nil
        } else {
            let digits = rest.dropFirst()
            // `UInt16.init` would also take a sign.
            guard rest.hasPrefix(":"), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = UInt16(digits)
            else { return nil }
            port = number
        }
    }

    /// The address, where the host is one: IPv6 in brackets, IPv4 without.
    package var literal: IPLiteral? {
        guard let literal = IPLiteral(host) else { return nil }
        switch literal {
        case .v4: return isBracketed ? nil : literal
        case .v6: return isBracketed ? literal : nil
        }
    }
}
