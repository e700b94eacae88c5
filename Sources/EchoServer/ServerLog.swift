internal import Basics
internal import EchoCore
internal import EventLoops
internal import Logging
internal import Wire

/// What the data plane says, one method per line. Connection events are at debug, because every client causes them.
extension Logger {
    func connectionOpened(_ connection: Connection) {
        debug("connection opened", metadata: ["id": "\(connection.id)", "peer": "\(connection.peer)"])
    }

    func connectionClosed(_ connection: Connection, _ reason: CloseReason) {
        debug(
            "connection closed",
            metadata: [
                "id": "\(connection.id)", "peer": "\(connection.peer)", "reason": "\(reason.rawValue)",
                "lines": "\(connection.lines)", "received": "\(connection.received)", "sent": "\(connection.sent)",
            ])
    }

    func lineRefused(_ connection: Connection, _ reason: CloseReason) {
        info(
            "line refused, closing",
            metadata: ["id": "\(connection.id)", "peer": "\(connection.peer)", "reason": "\(reason.rawValue)"])
    }

    /// The server ended the connection. Not called in a drain, whose record counts these bytes.
    func bytesLost(_ connection: Connection, _ reason: CloseReason, received: Int, sent: Int) {
        warning(
            "bytes lost",
            metadata: [
                "id": "\(connection.id)", "peer": "\(connection.peer)", "reason": "\(reason.rawValue)",
                "lost_received": "\(received)", "lost_sent": "\(sent)",
            ])
    }

    func connectionFailed(_ connection: Connection, _ call: FailedCall) {
        error(
            "a system call failed, closing the connection",
            metadata: [
                "id": "\(connection.id)", "peer": "\(connection.peer)", "state": "\(connection.state.rawValue)",
                "error": "\(SystemCallError.text(of: call.errno))",
            ])
    }

    func acceptPaused(_ address: SocketAddress, _ code: Int32) {
        error(
            "cannot accept, pausing; raise the descriptor limit or lower --max-connections",
            metadata: ["listen": "\(address)", "error": "\(SystemCallError.text(of: code))"])
    }

    func listenerCannotRefuse(_ address: SocketAddress, _ error: SystemCallError) {
        warning(
            "clients that connect while the listener closes may be reset: the kernel cannot refuse them early",
            metadata: ["listen": "\(address)", "error": "\(error)"])
    }

    /// Uses the same words as the process does for anything else that keeps it from starting.
    func cannotStart(_ error: ListenError) {
        critical("cannot start: \(error)")
    }

    func undrainFailed(_ error: ListenError) {
        self.error("undrain failed, the drain continues", metadata: ["error": "\(error)"])
    }

    func stateChanged(_ state: ServiceState, _ status: ServiceStatus, acceptQueue: AcceptQueueGuarantee) {
        var metadata: Logger.Metadata = [:]
        switch state {
        case .starting, .serving:
            metadata["listen"] = "\(status.listen.joined(separator: ","))"
            if !status.admin.isEmpty { metadata["admin"] = "\(status.admin.joined(separator: ","))" }
            metadata["pid"] = "\(status.pid)"
            // What a drain will promise to the clients in the accept queue.
            metadata["accept_queue"] = "\(acceptQueue.rawValue)"
        case .lameDuck, .draining, .forcing:
            guard let drain = status.drain else { break }
            metadata["trigger"] = "\(drain.trigger.rawValue)"
            metadata["mode"] = "\(drain.mode.rawValue)"
            metadata["intent"] = "\(drain.intent.rawValue)"
            metadata["active"] = "\(status.connections.active)"
            if let left = drain.deadlineIn { metadata["deadline_in_ms"] = "\(left.inMilliseconds)" }
        case .drained, .exiting: break
        }
        notice("\(state.rawValue)", metadata: metadata)
    }

    func drainEnded(_ drain: ServiceStatus.Drain) {
        guard let result = drain.result else { return }
        var metadata: Logger.Metadata = [
            "drain": "\(drain.id)", "elapsed_ms": "\(drain.elapsed.inMilliseconds)",
            "accept_queue": "\(drain.acceptQueue.rawValue)",
        ]
        for counter in DrainCounter.allCases { metadata[counter.rawValue] = "\(drain[counter])" }
        log(
            level: result == .lost || result == .forced ? .warning : .notice, "drain \(result.rawValue)",
            metadata: metadata)
    }

    func drainWarning(_ warning: DrainWarning) {
        switch warning {
        case .acceptLingerShortened(let linger):
            self.warning(
                "the drain's timeout leaves less than --accept-linger; clients that connect now may be reset",
                metadata: ["accept_linger_ms": "\(linger.inMilliseconds)"])
        case .delayShortened(let delay):
            self.warning(
                "an earlier deadline shortened the drain's delay", metadata: ["delay_ms": "\(delay.inMilliseconds)"])
        }
    }
}
