internal import EventLoops

/// The `peer` of a connection query, read once: an address with or without a port, `unix`, or `unix:PATH`.
struct PeerPattern: Hashable, Sendable {
    private let host: SocketAddress
    /// nil: any.
    private let port: UInt16?
    private let isAnyUnix: Bool

    /// nil for what no peer can be.
    init?(_ text: String) {
        isAnyUnix = text == "unix"
        if text == "unix" || text.hasPrefix("unix:") {
            host = .unix(path: isAnyUnix ? nil : String(text.dropFirst(5)))
            port = nil
        } else if let address = SocketAddress(literal: Self.withoutBrackets(text[...]), port: 0) {
            host = address.host
            port = nil
        } else {
            guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
                return nil
            }
            let literal = Self.withoutBrackets(text[..<colon])
            guard let address = SocketAddress(literal: literal, port: port) else { return nil }
            host = address.host
            self.port = port
        }
    }

    private static func withoutBrackets(_ text: Substring) -> String {
        String(text.hasPrefix("[") && text.hasSuffix("]") ? text.dropFirst().dropLast() : text)
    }

    func matches(_ peer: SocketAddress) -> Bool {
        if isAnyUnix, case .unix = peer { return true }
        return peer.host == host && (port == nil || peer.port == port)
    }
}
