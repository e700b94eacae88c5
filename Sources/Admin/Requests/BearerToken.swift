internal import MicroHTTPD

/// The secret that mutations must show (`--admin-token-file`).
package protocol BearerToken: Sendable {
    /// Whether this is the token. Asked on the HTTP server's threads; takes the same time for every wrong token of one
    /// length.
    func accepts(_ candidate: [UInt8]) -> Bool
}

/// `Authorization: Bearer TOKEN`, of RFC 6750, 2.1.
enum Authorization {
    /// The token of the only Authorization header; nil for none, several, or another scheme. Schemes are compared
    /// without regard to case (RFC 9110, 11.1).
    static func bearerToken(_ values: [String]) -> [UInt8]? {
        guard values.count == 1, let value = values.first else { return nil }
        let scheme = value.utf8.prefix { $0 != space }
        guard String(scheme)?.lowercased() == "bearer" else { return nil }
        return Array(value.utf8.dropFirst(scheme.count).drop { $0 == space })
    }

    private static let space = UInt8(ascii: " ")
}

extension Problem {
    /// The same for a missing token and for every wrong one, so that it reveals nothing.
    static let unauthorized = Problem(
        status: 401,
        detail:
            "This request needs the admin token. Send the header \"Authorization: Bearer TOKEN\", where TOKEN is the "
            + "content of the file given to echod with --admin-token-file.",
        headers: [.init("WWW-Authenticate", "Bearer realm=\"echod\"")])
}
