/// What `GET /metrics` shows of the service, all of one instant. Everything but the status and the limit counts from
/// the start of the process, drains and undrains notwithstanding.
package struct ServiceMeasurements: Hashable, Sendable {
    package var status: ServiceStatus
    /// The limit past which clients are refused.
    package var maximumConnections: Int
    /// Every name is present.
    package var acceptErrors: [AcceptError: UInt64]
    /// Bytes; see `ServiceStatus.Drain` for what they mean.
    package var lostReceived: UInt64
    package var lostSent: UInt64
    package var lateDiscarded: UInt64
    /// Drains that are over, each counted once, with the result it had then; every result is present.
    package var drains: [DrainResult: UInt64]

    package init(
        status: ServiceStatus, maximumConnections: Int, acceptErrors: [AcceptError: UInt64] = [:],
        lostReceived: UInt64 = 0, lostSent: UInt64 = 0, lateDiscarded: UInt64 = 0,
        drains: [DrainResult: UInt64] = [:]
    ) {
        self.status = status
        self.maximumConnections = maximumConnections
        self.acceptErrors = Dictionary(uniqueKeysWithValues: AcceptError.allCases.map { ($0, acceptErrors[$0] ?? 0) })
        self.lostReceived = lostReceived
        self.lostSent = lostSent
        self.lateDiscarded = lateDiscarded
        self.drains = Dictionary(uniqueKeysWithValues: DrainResult.allCases.map { ($0, drains[$0] ?? 0) })
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

    /// `name` is that of an errno; nil where it has none.
    package init(errnoName name: String?) {
        self = name.flatMap(AcceptError.init(rawValue:)) ?? .other
    }
}
