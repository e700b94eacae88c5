package import Wire

/// `POST /drain` or `POST /shutdown`: only what it names is changed when it joins a drain that runs already.
package struct DrainRequest: Hashable, Sendable {
    package var intent: DrainIntent
    package var trigger: DrainTrigger
    /// nil: not named.
    package var mode: DrainMode?
    package var delay: Duration?
    package var timeout: Duration?

    package init(
        intent: DrainIntent, trigger: DrainTrigger = .api, mode: DrainMode? = nil, delay: Duration? = nil,
        timeout: Duration? = nil
    ) {
        self.intent = intent
        self.trigger = trigger
        self.mode = mode
        self.delay = delay
        self.timeout = timeout
    }
}

/// What a drain falls back on where a request does not say.
package struct DrainDefaults: Hashable, Sendable {
    package var mode: DrainMode
    package var delay: Duration
    /// The whole budget, delay included.
    package var timeout: Duration
    package var spread: Duration
    package var acceptLinger: Duration
    /// The most that the listeners can promise: less than lossless with `--accept-linger 0s` on TCP, with an old
    /// kernel, and for inherited ones.
    package var acceptQueue: AcceptQueueGuarantee

    package init(
        mode: DrainMode = .close, delay: Duration = .zero, timeout: Duration = .seconds(20), spread: Duration = .zero,
        acceptLinger: Duration = .seconds(1), acceptQueue: AcceptQueueGuarantee = .lossless
    ) {
        self.mode = mode
        self.delay = delay
        self.timeout = timeout
        self.spread = spread
        self.acceptLinger = acceptLinger
        self.acceptQueue = acceptQueue
    }
}

/// What the data plane counted during a drain and the machine needs for the result.
package struct DrainTally: Hashable, Sendable {
    /// Connections cut by us, with or without a loss.
    package var forced: Int
    package var lostReceived: UInt64
    package var lostSent: UInt64

    package init(forced: Int = 0, lostReceived: UInt64 = 0, lostSent: UInt64 = 0) {
        self.forced = forced
        self.lostReceived = lostReceived
        self.lostSent = lostSent
    }
}

/// What the service's process ends with (contract.md, section 6).
package enum ExitCode: Int, Hashable, Sendable, CaseIterable {
    case success = 0
    /// It could not start, or failed within.
    case failure = 1
    /// A connection was cut, nothing is counted as lost.
    case forced = 2
    /// Bytes were lost.
    case lost = 3
    /// EX_USAGE of sysexits.h: a value on the command line, in the environment or in the file does not parse.
    case badUsage = 64

    /// The code of a process whose last drain ended with `result`; nil for a drain that was taken back, which decides
    /// nothing.
    package init?(_ result: DrainResult) {
        switch result {
        case .clean: self = .success
        case .forced: self = .forced
        case .lost: self = .lost
        case .undrained: return nil
        }
    }
}
