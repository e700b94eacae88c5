package import EchoCore
package import Wire

/// What the data plane needs to know; everything is validated by the options.
package struct ServerConfiguration: Sendable {
    /// Where to listen: for each address of `--listen`, all that its name resolves to.
    package var listeners: [ResolvedAddress]
    package var mode: EchoMode
    /// Connections beyond it are refused politely.
    package var maximumConnections: Int
    /// Refused clients that are read for their 100 ms at a time; when all places are taken, accepting pauses.
    package var refusalsAtATime: Int
    /// Bytes without the `\n`; mode upper.
    package var maximumLineLength: Int
    /// nil: off.
    package var idleTimeout: Duration?
    package var writeTimeout: Duration?
    /// How long after our FIN is acknowledged we wait for the peer's.
    package var linger: Duration
    /// How long a client that the server closes outside a drain may go without progress.
    package var closeTimeout: Duration
    package var drain: DrainDefaults
    package var version: String

    package init(
        listeners: [ResolvedAddress], mode: EchoMode = .upper, maximumConnections: Int = 10_000,
        refusalsAtATime: Int = 64,
        maximumLineLength: Int = 65_536, idleTimeout: Duration? = nil, writeTimeout: Duration? = nil,
        linger: Duration = .seconds(2), closeTimeout: Duration = .seconds(20), drain: DrainDefaults = DrainDefaults(),
        version: String = "0"
    ) {
        self.listeners = listeners
        self.mode = mode
        self.maximumConnections = maximumConnections
        self.refusalsAtATime = refusalsAtATime
        self.maximumLineLength = maximumLineLength
        self.idleTimeout = idleTimeout
        self.writeTimeout = writeTimeout
        self.linger = linger
        self.closeTimeout = closeTimeout
        self.drain = drain
        self.version = version
    }

    /// How many listeners of former drains may still serve their queues when an undrain opens new ones: this many
    /// descriptors are kept for them.
    package static func retiringListeners(beside listeners: Int) -> Int { max(8, listeners) }
}
