package import EchoCore

/// What the router must know beside the service itself.
package struct AdminConfiguration: Hashable, Sendable {
    /// Further names that `Host` may hold (`--admin-host`), without port.
    package var allowedHosts: [String]
    /// Mutations are taken from every peer, not only from loopback and from Unix peers of our user or root.
    package var allowRemote: Bool
    /// The user the process runs as: SO_PEERCRED's is compared with it.
    package var userID: UInt32
    /// What a drain falls back on; a `delay` is judged against its timeout where the request names none.
    package var drainDefaults: DrainDefaults
    /// As `echod --version` says it; `GET /` shows it.
    package var version: String

    package init(
        allowedHosts: [String] = [], allowRemote: Bool = false, userID: UInt32,
        drainDefaults: DrainDefaults = DrainDefaults(), version: String
    ) {
        self.allowedHosts = allowedHosts
        self.allowRemote = allowRemote
        self.userID = userID
        self.drainDefaults = drainDefaults
        self.version = version
    }
}
