import EchoCore
import Logging

/// What the process says about itself, one method a line.
extension Logger {
    func signalReceived(_ number: Int32) {
        notice("signal", metadata: ["signal": "\(ProcessSignal.name(number))"])
    }

    func nothingToReload() {
        notice("nothing to read again: there is no configuration file")
    }

    func levelChanged(from was: Logger.Level, to level: Logger.Level, source: String) {
        notice("log level", metadata: ["now": "\(level)", "was": "\(was)", "source": "\(source)"])
    }

    /// HUP, with a level that the configuration file has no say in.
    func levelFixed(_ source: OptionSource, _ level: Logger.Level, file: String) {
        notice(
            "the configuration file was read again; the log level is not taken from it",
            metadata: ["file": "\(file)", "now": "\(level)", "given_by": "\(source.rawValue)"])
    }

    func reloadFailed(_ file: String, _ error: OptionError) {
        self.error(
            "the configuration file was not taken, nothing has changed",
            metadata: ["file": "\(file)", "error": "\(error)"])
    }

    func remoteAdminWithoutToken(_ addresses: [String]) {
        warning(
            """
            whoever reaches the admin can drain and shut down this service: give it --admin-token-file, or leave \
            --admin-allow-remote out
            """,
            metadata: ["admin": "\(addresses.joined(separator: ","))"])
    }

    /// USR1: the figures that tell whether the service is well, and what a drain waits for.
    func statusAskedFor(_ status: ServiceStatus) {
        notice("status", metadata: Self.figures(of: status))
    }

    static func figures(of status: ServiceStatus) -> Metadata {
        var figures: Metadata = [
            "state": "\(status.state.rawValue)", "in_state_ms": "\(status.inState.inMilliseconds)",
            "uptime_ms": "\(status.uptime.inMilliseconds)", "active": "\(status.connections.active)",
            "accepted": "\(status.connections.accepted)", "lines": "\(status.lines)",
            "received": "\(status.bytes.received)", "sent": "\(status.bytes.sent)",
            "unread": "\(status.bytes.unread)", "unacked": "\(status.bytes.unacked)",
        ]
        let unpleasant = status.connections.closed.filter { $0.value > 0 && $0.key.isUnpleasant }
        for (reason, count) in unpleasant { figures[reason.rawValue] = "\(count)" }
        guard let drain = status.drain else { return figures }
        figures["drain"] = "\(drain.id)"
        figures["result"] = drain.result.map { "\($0.rawValue)" }
        figures["deadline_in_ms"] = drain.deadlineIn.map { "\($0.inMilliseconds)" }
        figures["lost_received"] = "\(drain.lostReceived)"
        figures["lost_sent"] = "\(drain.lostSent)"
        for (blocker, count) in drain.blockedOn where count > 0 {
            figures["blocked_on_\(blocker.rawValue)"] = "\(count)"
        }
        return figures
    }

    func reportUnwritable(_ error: ReportError) {
        self.error("\(error)")
    }

    func endingAtOnce(_ code: Int) {
        error("ending at once", metadata: ["code": "\(code)"])
    }

    func ended(_ code: Int) {
        notice("exit", metadata: ["code": "\(code)"])
    }
}

extension CloseReason {
    /// Neither the peer's own wish nor the plan of a drain.
    fileprivate var isUnpleasant: Bool {
        switch self {
        case .peerClosed, .drained: false
        case .idle, .lineTooLong, .invalidUTF8, .adminClosed, .resetByPeer, .writeStalled, .forced, .refused: true
        }
    }
}
