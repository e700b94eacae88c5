package import EchoCore
package import Logging

/// What the router needs to know besides the service itself.
package struct AdminConfiguration: Sendable {
    /// Further names that `Host` may hold (`--admin-host`), without port.
    package var allowedHosts: [String]
    /// Mutations are accepted from every peer, not only from loopback and from Unix peers that are our user or root.
    package var allowRemote: Bool
    /// The token that every mutation must show, wherever it comes from; with a token, neither `allowRemote` nor the
    /// peer matters. nil: no token (`--admin-token-file`).
    package var token: (any BearerToken)?
    /// The user the process runs as, to compare with the user from SO_PEERCRED.
    package var userID: UInt32
    /// What a drain falls back on; a `delay` is judged against its timeout where the request names none.
    package var drainDefaults: DrainDefaults
    /// As `echod --version` says it; `GET /` shows it.
    package var version: String
    /// For `/config` and `/log-level`.
    package var settings: any ProcessSettings
    /// Gets a line for each change that is requested, and one more if it is refused, on the HTTP server's thread: it
    /// must not block. The default logs nothing.
    package var log: Logger

    package init(
        allowedHosts: [String] = [], allowRemote: Bool = false, token: (any BearerToken)? = nil, userID: UInt32,
        drainDefaults: DrainDefaults = DrainDefaults(), version: String, settings: any ProcessSettings,
        log: Logger = Logger(label: "admin", factory: { _ in SwiftLogNoOpLogHandler() })
    ) {
        self.allowedHosts = allowedHosts
        self.allowRemote = allowRemote
        self.token = token
        self.userID = userID
        self.drainDefaults = drainDefaults
        self.version = version
        self.settings = settings
        self.log = log
    }
}
