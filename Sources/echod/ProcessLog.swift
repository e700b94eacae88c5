import Basics
import Logging
import Options
import Wire

/// What the process says about itself, one method per line.
extension Logger {
    func signalReceived(_ number: Int32) {
        notice("signal", metadata: ["signal": "\(ProcessSignal.name(number))"])
    }

    func nothingToReload() {
        notice("nothing to reload: there is no configuration file")
    }

    func levelChanged(from was: Logger.Level, to level: Logger.Level, source: String) {
        notice("log level", metadata: ["now": "\(level)", "was": "\(was)", "source": "\(source)"])
    }

    /// HUP, when a flag or the environment gives the level.
    func levelFixed(_ source: OptionSource, _ level: Logger.Level, file: String) {
        notice(
            "configuration file reloaded; it does not set the log level",
            metadata: ["file": "\(file)", "now": "\(level)", "given_by": "\(source.rawValue)"])
    }

    func reloadFailed(_ file: String, _ error: OptionError) {
        self.error(
            "cannot reload the configuration file; nothing has changed",
            metadata: ["file": "\(file)", "error": "\(error)"])
    }

    func fewDescriptors(_ budget: DescriptorBudget) {
        warning(
            "the descriptor limit leaves few echo clients; raise it (ulimit -Hn), or lower --loops",
            metadata: ["max_connections": "\(budget.connections)", "limit": "\(budget.use.limit)"])
    }

    func remoteAdminWithoutToken(_ addresses: [String]) {
        warning(
            """
            every client that reaches the admin API can drain and shut down this service: use --admin-token-file, or \
            remove --admin-allow-remote
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
        for reason in CloseReason.allCases where reason.isUnpleasant && status.connections.closed[reason] > 0 {
            figures[reason.rawValue] = "\(status.connections.closed[reason])"
        }
        guard let drain = status.drain else { return figures }
        figures["drain"] = "\(drain.id)"
        figures["result"] = drain.result.map { "\($0.rawValue)" }
        figures["deadline_in_ms"] = drain.deadlineIn.map { "\($0.inMilliseconds)" }
        figures["lost_received"] = "\(drain[.lostReceived])"
        figures["lost_sent"] = "\(drain[.lostSent])"
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
    /// Closed neither by the peer nor as planned by a drain.
    fileprivate var isUnpleasant: Bool { self != .peerClosed && self != .drained }
}
