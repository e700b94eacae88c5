/// The states of the service (interface.md, section 3).
package enum ServiceState: String, Hashable, Sendable, CaseIterable {
    case starting, serving
    /// Not ready any more, still accepting.
    case lameDuck = "lame_duck"
    case draining, forcing, drained, exiting
}

/// How connections are closed (interface.md, section 4). The order is by harshness.
package enum DrainMode: String, Hashable, Sendable, CaseIterable, Comparable {
    case wait, close, abort

    package static func < (left: DrainMode, right: DrainMode) -> Bool { left.harshness < right.harshness }

    private var harshness: Int {
        switch self {
        case .wait: 0
        case .close: 1
        case .abort: 2
        }
    }
}

/// What the process does when it is drained.
package enum DrainIntent: String, Hashable, Sendable, CaseIterable {
    case hold, exit
}

package enum DrainResult: String, Hashable, Sendable, CaseIterable {
    case clean, forced, lost, undrained
}

/// Whether every client that got through the handshake is served (interface.md, section 4).
package enum AcceptQueueGuarantee: String, Hashable, Sendable, CaseIterable {
    case lossless
    case bestEffort = "best_effort"
    case handedOver = "handed_over"
}

/// What started a drain.
package enum DrainTrigger: Hashable, Sendable {
    case api, prestop
    case signal(TerminationSignal)

    /// As the status object shows it: `api`, `prestop`, `signal:TERM`.
    package var description: String {
        switch self {
        case .api: "api"
        case .prestop: "prestop"
        case .signal(let signal): "signal:\(signal.rawValue)"
        }
    }
}

package enum TerminationSignal: String, Hashable, Sendable, CaseIterable {
    case terminate = "TERM"
    case interrupt = "INT"
    case quit = "QUIT"
}

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
