package import Basics
package import Wire

/// What the owner of a `DrainStateMachine` has to do, one by one, in the order in which they were returned.
package enum DrainAction: Hashable, Sendable {
    /// The state is another one: readiness, log, event streams.
    case publishState(ServiceState)
    /// Refuse new clients, accept queued clients until then, close the listeners, report `listenersClosed`.
    /// Comes again with a nearer time when the phase is shortened.
    case closeListeners(drain: Int, serveQueueUntil: MonotonicTime)
    /// Close the listeners at once, queued clients or not, and report `listenersClosed`.
    case closeListenersNow(drain: Int)
    /// Begin to close every connection, evenly spread until then; one that has not sent a byte yet not before
    /// `firstLineGrace` after it was accepted. Those accepted later are closed likewise. Comes again with a nearer
    /// time when the phase is shortened.
    case markConnections(drain: Int, spreadUntil: MonotonicTime, firstLineGrace: Duration)
    /// The deadline: a connection without an unfinished line or unacknowledged answers ends `drained`, the others
    /// `forced`.
    case cutConnections(drain: Int)
    /// Reset every connection at once, reason `forced`.
    case resetConnections(drain: Int)
    /// Bind new listeners at the same addresses, beside the old ones while those serve their queue; then report
    /// `listenersReopened`, `undrainFailed` or `undrainMustWait` with the same number, before the next action is done.
    case openListeners(attempt: Int)
    /// Connections whose FIN is not sent are open again. Old listeners go on with their queue and close at their time.
    case reopenConnections(drain: Int)
    /// The drain has reached that milestone, with its result: answer those who wait for that. Exactly once for each
    /// milestone of each drain.
    case finishWaiters(DrainRecord, DrainMilestone)
    /// The drain `from` does not begin after all: those who wait for it wait for the drain `to` from now on.
    case moveWaiters(from: Int, to: Int)
    /// Answer those whose undrain was `opening`. Exactly once for each attempt.
    case finishUndrain(attempt: Int, UndrainOutcome)
    case warn(DrainWarning)
    /// Begin the orderly end: report, streams, the admin plane last. The code may still get worse while `exiting`, so
    /// the process reads `exitCode` at its very end.
    case exit(ExitCode)
    /// End the process now, the orderly end is not waited for.
    case exitImmediately(ExitCode)
}

package enum DrainWarning: Hashable, Sendable {
    /// The timeout leaves less room than the accept linger wants; clients that completed the handshake may be refused.
    case acceptLingerShortened(to: Duration)
    /// A joining request brought the deadline before the end of the delay.
    case delayShortened(to: Duration)
}

/// What became of `DELETE /drain`.
package enum UndrainOutcome: Hashable, Sendable {
    /// 200: serving, also when there was no drain.
    case serving
    /// The listeners are being opened; `DrainAction.finishUndrain` tells how it ended, with one of the other cases.
    case opening(attempt: Int)
    /// 409, with the reason for a person.
    case refused(String)
    /// 500: the new listener could not be bound, the drain goes on.
    case failed
}

extension AcceptQueueGuarantee {
    /// The weaker of two promises.
    func weakened(to other: AcceptQueueGuarantee) -> AcceptQueueGuarantee {
        switch (self, other) {
        case (.handedOver, _), (_, .handedOver): .handedOver
        case (.bestEffort, _), (_, .bestEffort): .bestEffort
        case (.lossless, .lossless): .lossless
        }
    }
}
