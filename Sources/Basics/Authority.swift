/// A host and perhaps a port: `localhost`, `127.0.0.1:8889`, `[::1]:8889`.
package struct Authority: Hashable, Sendable {
    /// Without the brackets of an IPv6 address.
    package var host: String
    package var isBracketed: Bool
    /// nil if there is none.
    package var port: UInt16?

    /// Splits the text and checks the port; the caller checks the host.
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
            guard rest.hasPrefix(":"), let number = UInt16(digits: rest.dropFirst()) else { return nil }
            port = number
        }
    }

    /// The host as an address, if it is one: IPv6 in brackets, IPv4 without.
    package var address: IPAddress? {
        switch IPAddress(host) {
        case .v4(let address): isBracketed ? nil : .v4(address)
        case .v6(let high, let low): isBracketed ? .v6(high: high, low: low) : nil
        case nil: nil
        }
    }
}

/// What `peer=` of the admin API and `--peer` ask for: `10.0.0.9`, `10.0.0.9:51234`, `::1` (with or without brackets),
/// `[::1]:51234`, `unix` or `unix:PATH`. Names are not allowed, because peers are shown by address.
package enum PeerPattern: Hashable, Sendable {
    /// Never IPv4-mapped. Without a port, every port matches. Zones are not compared, because peers are shown without
    /// them.
    case address(IPAddress, port: UInt16?)
    /// Without a path, every Unix client matches.
    case unix(path: String?)

    /// nil for a text that cannot describe a peer.
    package init?(_ text: String) {
        if text == "unix" {
            self = .unix(path: nil)
        } else if text.hasPrefix("unix:") {
            self = .unix(path: String(text.dropFirst("unix:".count)))
        } else if let address = IPAddress(leavingOutZoneOf: text) {
            self = .address(address.unmapped, port: nil)
        } else if let authority = Authority(text), let address = IPAddress(leavingOutZoneOf: authority.host),
            authority.isBracketed == authority.host.contains(":")
        {
            self = .address(address.unmapped, port: authority.port)
        } else {
            return nil
        }
    }
}
