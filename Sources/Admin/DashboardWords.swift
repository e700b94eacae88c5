internal import EchoCore

/// The API's values in words for people. The page's script finds them in the page, so that they stand here only.
enum DashboardWords {
    static func title(_ state: ServiceState) -> String {
        switch state {
        case .starting: "Starting"
        case .serving: "Serving"
        case .lameDuck: "Lame duck"
        case .draining: "Draining"
        case .forcing: "Forcing"
        case .drained: "Drained"
        case .exiting: "Exiting"
        }
    }

    static func sentence(_ state: ServiceState) -> String {
        switch state {
        case .starting: "Opens its listeners."
        case .serving: "Takes clients and answers them."
        case .lameDuck: "Says \"not ready\" and still takes clients, until the delay is over."
        case .draining: "New clients are refused; what came in is answered, then each connection is closed."
        case .forcing: "The time is over: what is left is cut."
        case .drained: "No connection is left. The process stays alive; Undrain takes it back."
        case .exiting: "The process ends."
        }
    }

    static func word(_ state: ConnectionState) -> String {
        state == .halfClosed ? "half closed" : state.rawValue
    }

    /// After "waits for".
    static func word(_ blocker: Blocker) -> String {
        switch blocker {
        case .unreadInput: "its input to be read"
        case .partialLine: "the end of a line"
        case .peerRead: "the client to read"
        case .peerClose: "the client to close"
        case .spreadTurn: "its turn"
        }
    }

    static func word(_ reason: CloseReason) -> String {
        switch reason {
        case .peerClosed: "closed by the client"
        case .drained: "drained"
        case .idle: "idle too long"
        case .lineTooLong: "line too long"
        case .invalidUTF8: "invalid UTF-8"
        case .adminClosed: "closed by an admin"
        case .resetByPeer: "reset by the client"
        case .writeStalled: "client did not read"
        case .forced: "cut by force"
        case .refused: "refused, limit reached"
        }
    }

    static func word(_ result: DrainResult) -> String {
        switch result {
        case .clean: "clean"
        case .forced: "forced: connections were cut"
        case .lost: "lost: bytes were not delivered"
        case .undrained: "taken back"
        }
    }

    static func word(_ intent: DrainIntent) -> String {
        switch intent {
        case .hold: "stay alive"
        case .exit: "exit"
        }
    }

    /// Only a process that is about to exit has an exit code; the others would have it.
    static func exitCodeTitle(_ intent: DrainIntent) -> String {
        switch intent {
        case .hold: "Would exit with"
        case .exit: "Exit code"
        }
    }

    static func word(_ guarantee: AcceptQueueGuarantee) -> String {
        switch guarantee {
        case .lossless: "every waiting client served"
        case .bestEffort: "best effort"
        case .handedOver: "handed over"
        }
    }

    static func word(_ trigger: DrainTrigger) -> String {
        switch trigger {
        case .api: "admin API"
        case .prestop: "preStop hook"
        case .signal(let signal): "signal \(signal.rawValue)"
        }
    }

    /// All of them, for the page's script, and those for a process that has exited: only the script outlives it.
    static var list: HTML {
        let triggers = [DrainTrigger.api, .prestop] + TerminationSignal.allCases.map(DrainTrigger.signal)
        return .joined(
            ServiceState.allCases.map { entry("state", $0.rawValue, title($0)) }
                + ServiceState.allCases.map { entry("sentence", $0.rawValue, sentence($0)) }
                + ConnectionState.allCases.map { entry("connection", $0.rawValue, word($0)) }
                + Blocker.allCases.map { entry("blocker", $0.rawValue, word($0)) }
                + CloseReason.allCases.map { entry("reason", $0.rawValue, word($0)) }
                + DrainResult.allCases.map { entry("result", $0.rawValue, word($0)) }
                + DrainIntent.allCases.map { entry("intent", $0.rawValue, word($0)) }
                + DrainIntent.allCases.map { entry("exit-code", $0.rawValue, exitCodeTitle($0)) }
                + AcceptQueueGuarantee.allCases.map { entry("queue", $0.rawValue, word($0)) }
                + [entry("state", "exited", "Exited"), entry("sentence", "exited", "The process has ended.")]
                + triggers.map { entry("trigger", $0.description, word($0)) })
    }

    private static func entry(_ kind: String, _ value: String, _ word: String) -> HTML {
        .element("span", ["data-word": "\(kind).\(value)"]) { word }
    }
}
