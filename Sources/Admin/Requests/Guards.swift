internal import Basics
internal import MicroHTTPD

/// Refuses what a web page could send on behalf of the browser's user, and what comes from elsewhere.
///
/// Pure: a request and the configuration in, a refusal out. Every rule comes from contract.md, section 5, "Guards".
struct Guards: Sendable {
    let configuration: AdminConfiguration

    /// For every request. A name that an attacker's DNS points at us (DNS rebinding) makes the attacker's page "same
    /// origin" with the admin, so the Host must be an address or a name we know, compared whole.
    func checkHost(_ request: HTTPRequest) throws(Problem) {
        let hosts = request.values(of: "host")
        guard hosts.count == 1, let host = hosts.first else {
            throw .forbidden("Send exactly one Host header.")
        }
        guard isAllowed(host: host) else {
            throw .forbidden(
                "echod does not answer to the Host \(PrintableText.quote(host)). Use an IP address or localhost, or start "
                    + "echod with --admin-host NAME.")
        }
    }

    private func isAllowed(host: String) -> Bool {
        guard let authority = Authority(host) else { return false }
        if authority.address != nil { return true }
        guard !authority.isBracketed else { return false }
        // Host names are compared without regard to case (RFC 9110, 4.2.3).
        let name = authority.host.lowercased()
        return name == "localhost" || configuration.allowedHosts.contains { $0.lowercased() == name }
    }

    /// For requests that change something. Called after `checkHost`.
    func checkMutation(_ request: HTTPRequest) throws(Problem) {
        try checkFetchSite(request)
        try checkOrigin(request)
        if let token = configuration.token {
            try checkToken(request, token)
        } else {
            try checkPeer(request.peer)
        }
    }

    /// Wrong tokens are not slowed down: 16 bytes cannot be guessed at any rate, and a wrong one costs the server no
    /// more than any other request.
    private func checkToken(_ request: HTTPRequest, _ token: any BearerToken) throws(Problem) {
        guard let candidate = Authorization.bearerToken(request.values(of: "authorization")),
            token.accepts(candidate)
        else { throw .unauthorized }
    }

    /// A current browser says with every request whose page sent it.
    private func checkFetchSite(_ request: HTTPRequest) throws(Problem) {
        let sites = request.values(of: "sec-fetch-site")
        guard sites.isEmpty || sites == ["same-origin"] || sites == ["none"] else {
            throw .forbidden(
                "A page of another site may not change this service (Sec-Fetch-Site is neither same-origin nor none). "
                    + "Use curl or the echod command.")
        }
    }

    /// An older browser sends at least this; a sandboxed or a local page sends `null`.
    private func checkOrigin(_ request: HTTPRequest) throws(Problem) {
        let origins = request.values(of: "origin")
        guard origins.isEmpty || origins == request.values(of: "host").map({ "http://\($0)" }) else {
            throw .forbidden(
                "A page of another origin may not change this service (Origin is not http:// followed by the Host). "
                    + "Use curl or the echod command.")
        }
    }

    private func checkPeer(_ peer: HTTPPeer) throws(Problem) {
        guard !configuration.allowRemote else { return }
        switch peer {
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
