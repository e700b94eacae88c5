/// What `peer=` of the admin API and `--peer` may be, brought into the form in which `ConnectionInfo.peer` is written.
package enum PeerFilter {
    /// `10.0.0.9`, `10.0.0.9:51234`, `::1` (with or without brackets), `[::1]:51234`, `unix`, `unix:PATH`; nil for
    /// anything else, names included: peers are shown by address.
    package static func canonical(_ text: String) -> String? {
        if text == "unix" || text.hasPrefix("unix:") { return text }
        if let address = address(text) { return address }
        guard let authority = Authority(text), let address = address(authority.host),
            authority.isBracketed == authority.host.contains(":")
        else { return nil }
        guard let port = authority.port else { return address }
        return address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }

    /// A link-local address carries its zone: `fe80::1%eth0`.
    private static func address(_ text: String) -> String? {
        let end = text.firstIndex(of: "%") ?? text.endIndex
        guard let literal = IPLiteral(text[..<end]) else { return nil }
        guard end < text.endIndex else { return literal.description }
        guard case .v6 = literal, text.index(after: end) < text.endIndex else { return nil }
        return literal.description + text[end...]
    }
}
