package import EchoCore
package import Logging

/// What the router must know beside the service itself.
package struct AdminConfiguration: Sendable {
    /// Further names that `Host` may hold (`--admin-host`), without port.
    package var allowedHosts: [String]
    /// Mutations are taken from every peer, not only from loopback and from Unix peers of our user or root.
    package var allowRemote: Bool
    /// What every mutation must show, from wherever it comes; then neither `allowRemote` nor the peer counts. nil:
    /// none (`--admin-token-file`).
    package var token: (any BearerToken)?
    /// The user the process runs as: SO_PEERCRED's is compared with it.
    package var userID: UInt32
    /// What a drain falls back on; a `delay` is judged against its timeout where the request names none.
    package var drainDefaults: DrainDefaults
    /// As `echod --version` says it; `GET /` shows it.
    package var version: String
    /// For `/config` and `/log-level`.
    package var settings: any ProcessSettings
    /// Gets a line for each change that is asked for, and one more where it is refused, on the HTTP server's thread: it
    /// may not wait. Without one nothing is said.
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
