package import Wire

/// The counters of one instant, all since the start: two of them make a rate.
package struct ServiceSample: Hashable, Sendable {
    /// How long the process had run; never negative.
    package var uptime: Duration
    /// Connections that were open then.
    package var active: Int
    package var lines: UInt64
    /// Bytes.
    package var received: UInt64
    /// Bytes.
    package var sent: UInt64

    package init(
        uptime: Duration = .zero, active: Int = 0, lines: UInt64 = 0, received: UInt64 = 0, sent: UInt64 = 0
    ) {
        self.uptime = uptime
        self.active = active
        self.lines = lines
        self.received = received
        self.sent = sent
    }

    package init(_ status: ServiceStatus) {
        self.init(
            uptime: status.uptime, active: status.connections.active, lines: status.lines,
            received: status.bytes.received, sent: status.bytes.sent)
    }

    /// The same counters at another time.
    func repeated(at uptime: Duration) -> ServiceSample {
        var sample = self
        sample.uptime = uptime
        return sample
    }
}
