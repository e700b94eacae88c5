package import Wire

/// What `GET /metrics` shows of the service, all from one instant. Everything but the status and the limit counts from
/// the start of the process, across drains and undrains.
package struct ServiceMeasurements: Hashable, Sendable {
    package var status: ServiceStatus
    /// The limit past which clients are refused.
    package var maximumConnections: Int
    package var acceptErrors: Counts<AcceptError>
    package var counts: Counts<DrainCounter>
    /// Drains that are over, each counted once, with the result it had then.
    package var drains: Counts<DrainResult>

    package init(
        status: ServiceStatus, maximumConnections: Int, acceptErrors: Counts<AcceptError> = [:],
        counts: Counts<DrainCounter> = [:], drains: Counts<DrainResult> = [:]
    ) {
        self.status = status
        self.maximumConnections = maximumConnections
        self.acceptErrors = acceptErrors
        self.counts = counts
        self.drains = drains
    }
}

/// The errors with which accepting a client can fail (accept(2), "Error handling" included), by the name of their
/// errno.
package enum AcceptError: String, Hashable, Sendable, CaseIterable {
    /// The client was gone before it was accepted.
    case connectionAborted = "ECONNABORTED"
    /// No descriptor is left for the process, or for the whole system.
    case processFiles = "EMFILE"
    case systemFiles = "ENFILE"
    case buffers = "ENOBUFS"
    case memory = "ENOMEM"
    /// A firewall forbids it.
    case forbidden = "EPERM"
    case networkProtocol = "EPROTO"
    case hostUnreachable = "EHOSTUNREACH"
    case networkDown = "ENETDOWN"
    case networkUnreachable = "ENETUNREACH"
    case timedOut = "ETIMEDOUT"
    case other

    /// `name` is the name of an errno; nil if it has none.
    package init(errnoName name: String?) {
        self = name.flatMap(AcceptError.init(rawValue:)) ?? .other
    }
}
