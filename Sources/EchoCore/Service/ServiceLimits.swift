/// The contract's limits that more than one part of echod enforces.
package enum ServiceLimits {
    /// For every duration that an option or a request gives, so that sums of nanoseconds cannot overflow.
    package static let longestDuration = Duration.seconds(24 * 60 * 60)
    /// What the timeout of a drain may be.
    package static let drainTimeout = Duration.milliseconds(100)...longestDuration
    /// Clients that may wait for a drain at the same time.
    package static let drainWaiters = 16

    /// Connections on one page of `GET /connections`, at most.
    package static let rowsPerPage = 1000
    /// The same if the request names no limit.
    package static let defaultRowsPerPage = 100
    /// Connections that are remembered after their end.
    package static let closedConnections = 1000
}
