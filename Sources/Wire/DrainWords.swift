/// The states of the service (contract.md, section 3).
package enum ServiceState: String, Hashable, Sendable, CaseIterable, Codable {
    case starting, serving
    /// No longer ready, but still accepting.
    case lameDuck = "lame_duck"
    case draining, forcing, drained, exiting
}

/// How connections are closed (contract.md, section 4). Ordered by harshness.
package enum DrainMode: String, Hashable, Sendable, CaseIterable, Comparable, Codable {
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
package enum DrainIntent: String, Hashable, Sendable, CaseIterable, Codable {
    case hold, exit
}

package enum DrainResult: String, Hashable, Sendable, CaseIterable, Codable {
    case clean, forced, lost, undrained
}

/// Whether every client that got through the handshake is served (contract.md, section 4).
package enum AcceptQueueGuarantee: String, Hashable, Sendable, CaseIterable, Codable {
    case lossless
    case bestEffort = "best_effort"
    case handedOver = "handed_over"
}

/// What started a drain: `api`, `prestop`, `signal:TERM`.
package enum DrainTrigger: RawRepresentable, Hashable, Sendable, CaseIterable, Codable {
    case api, prestop
    case signal(TerminationSignal)

    package static let allCases = [api, prestop] + TerminationSignal.allCases.map(signal)

    package init?(rawValue: String) {
        guard let trigger = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
        self = trigger
    }

    package var rawValue: String {
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
