internal import Basics
internal import MicroHTTPD

/// Refuses what a web page could send on behalf of the browser's user, and what comes from elsewhere.
///
/// Pure: a request and the configuration in, a refusal out. Every rule comes from contract.md, section 5, "Guards".
struct Guards: Sendable {
    let configuration: AdminConfiguration

    /// Every request. A name that an attacker's DNS points at us (DNS rebinding) makes his page "same origin" with
    /// the admin; so only addresses and the names we know are answered to, compared whole. A request without Host is no
    /// browser's: the HTTP server lets it through from HTTP/1.0 only.
    func checkHost(_ request: HTTPRequest) throws(Problem) {
        let hosts = request.values(of: "host")
        guard hosts.count <= 1 else { throw .forbidden("Send exactly one Host header.") }
        guard let host = hosts.first, !isAllowed(host: host) else { return }
        throw .forbidden(
            "echod does not answer to the Host \(PrintableText.quote(host)). Use an IP address or localhost, or start "
                + "echod with --admin-host NAME.")
    }

    private func isAllowed(host: String) -> Bool {
        guard let authority = Authority(host) else { return false }
        if authority.address != nil { return true }
        guard !authority.isBracketed else { return false }
        // Host names are compared without regard to case (RFC 9110, 4.2.3).
        let name = authority.host.lowercased()
        return name == "localhost" || configuration.allowedHosts.contains { HostPattern($0).matches(name) }
    }

    /// For requests that change something. Called after `checkHost`.
    func checkMutation(_ request: HTTPRequest) throws(Problem) {
        guard let host = request.values(of: "host").first else {
            throw .forbidden("A request that changes the service needs a Host header. Send it with HTTP/1.1.")
        }
        try checkPage(request, host)
        if let token = configuration.token {
            try checkToken(request, token)
        } else {
            try checkPeer(request)
        }
    }

    /// Wrong tokens are not slowed down: 16 bytes cannot be guessed at any rate, and a wrong one costs the server no
    /// more than any other request.
    private func checkToken(_ request: HTTPRequest, _ token: any BearerToken) throws(Problem) {
        guard let candidate = Authorization.bearerToken(request.values(of: "authorization")),
            token.accepts(candidate)
        else { throw .unauthorized }
    }

    /// A browser of today says with every request whose page sent it, and an older one sends at least the Origin.
    private func checkPage(_ request: HTTPRequest, _ host: String) throws(Problem) {
        let sites = request.values(of: "sec-fetch-site")
        guard sites.isEmpty || sites == ["same-origin"] || sites == ["none"] else {
            throw .forbidden(
                "A page of another site may not change this service (Sec-Fetch-Site is neither same-origin nor none). "
                    + "Use curl or the echod command.")
        }
        let origins = request.values(of: "origin")
        // What a sandboxed or a local page sends, whatever it says of its site.
        let isOpaque = origins.contains("null")
        guard !isOpaque, !sites.isEmpty || origins.isEmpty || origins.count == 1 && isSame(origins[0], host) else {
            throw .forbidden(
                "A page of another origin may not change this service (Origin is not that of the Host). Use curl or "
                    + "the echod command.")
        }
    }

    /// Whether a page of `origin` came from `host`, whatever the scheme: before a proxy it may be https.
    private func isSame(_ origin: String, _ host: String) -> Bool {
        for (scheme, port) in [("http://", UInt16(80)), ("https://", 443)] where origin.hasPrefix(scheme) {
            guard let page = Authority(String(origin.dropFirst(scheme.count))), let mine = Authority(host) else {
                break
            }
            return page.host.lowercased() == mine.host.lowercased() && page.isBracketed == mine.isBracketed
                && (page.port ?? port) == (mine.port ?? port)
        }
        return false
    }

    private func checkPeer(_ request: HTTPRequest) throws(Problem) {
        guard !configuration.allowRemote else { return }
        // Behind a proxy on this host every client looks like one of this host.
        let isForwarded = request.headers.contains { header in
            ["forwarded", "via"].contains(header.name) || header.name.hasPrefix("x-forwarded-")
        }
        guard !isForwarded else {
            throw .forbidden(
                "A proxy passed this request on, so where it comes from is not known. Start echod with "
                    + "--admin-token-file and send the token, or with --admin-allow-remote.")
        }
        switch request.peer {
        case .network(let address):
            guard address.isLoopback else {
                throw .forbidden(
                    "Only clients on this host may change the service. Connect to a loopback address or to the admin's "
                        + "Unix socket, or start echod with --admin-token-file or --admin-allow-remote.")
            }
        case .unix(let userID):
            guard userID == configuration.userID || userID == 0 else {
                throw .forbidden(
                    "Only root and the user that echod runs as may change the service over its Unix socket. Connect "
                        + "as user id \(configuration.userID), or start echod with --admin-token-file or "
                        + "--admin-allow-remote.")
            }
        }
    }
}
