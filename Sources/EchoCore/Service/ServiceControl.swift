package import Wire

/// The service as the admin plane sees it. Every method may be called from any thread, returns within microseconds and
/// never waits for a loop; what needs the loops' own data is delivered to a completion, exactly once, on one of the
/// service's threads, and within a second even when a loop is stuck.
package protocol ServiceControl: AnyObject, Sendable {
    /// The state, the counters and the drain as of now. `bytes.unread`, `bytes.unacked` and `drain.blockedOn` are
    /// those of the last sample.
    func status() -> ServiceStatus

    /// The same, with a new sample of the kernel's queues. Completes on the thread that tells observers, with a status
    /// that is no older than the last one they were told.
    func sampleStatus(_ completion: @escaping @Sendable (ServiceStatus) -> Void)

    /// One page of connections. The caller makes it, on a thread that may be held for milliseconds: that is how long it
    /// takes to sort and format a thousand rows. nil when a loop did not answer within a second.
    func connections(_ query: ConnectionQuery, _ completion: @escaping @Sendable (ConnectionPage.Maker?) -> Void)

    /// One connection, open or among the last 1,000 that closed.
    func connection(id: UInt64, _ completion: @escaping @Sendable (ConnectionLookup) -> Void)

    /// Ends an open connection, for the reason `admin_closed` unless it is ending for another one already: then mode
    /// `close` changes nothing, except that an undrain does not open it again. What is found is the connection as it
    /// is after that; one that is closed already is not found.
    func closeConnection(
        id: UInt64, mode: ConnectionCloseMode, _ completion: @escaping @Sendable (ConnectionLookup) -> Void)

    /// For `GET /metrics`: asks no loop, and samples no connection.
    func measure() -> ServiceMeasurements

    /// The samples of the last five minutes, the oldest first, a second or two apart. A longer gap is a time in which
    /// the process did not run; the first sample may be the one taken at the start. Asks no loop.
    func recentSamples() -> [ServiceSample]

    /// Starts or joins a drain. The answer is the state at the instant the request took effect.
    ///
    /// While an undrain opens the listeners, the request waits for it, and the answer shows the drain that begins then.
    /// If the undrain fails, the request joins the drain that goes on, and so do the clients waiting for the drain that
    /// would have begun.
    func requestDrain(_ request: DrainRequest) -> DrainReply

    /// Takes a drain back: the service serves again, also if there was no drain. Completes when the listeners are open.
    /// An undrain that comes while they are being opened also takes back what was requested in the meantime.
    func requestUndrain(_ completion: @escaping @Sendable (UndrainReply, ServiceStatus) -> Void)

    /// Asks to be told when the drain `id` reaches `milestone`, at most `limit` from now (nil: no limit).
    /// Returns a number for `stopWaiting`; nil, and then never calls `completion`, when 16 are waiting already.
    func awaitDrain(
        id: Int, _ milestone: DrainMilestone, limit: Duration?,
        _ completion: @escaping @Sendable (DrainWaitOutcome, ServiceStatus) -> Void
    ) -> UInt64?

    /// The client stopped waiting: its place is free, its completion is no longer called. The drain goes on.
    func stopWaiting(_ waiter: UInt64)

    /// Tells `observer` of every event from now on, in order, on one of the service's threads; an observer that comes
    /// after `done` is told `done`. The observation ends with the returned object.
    func observe(_ observer: @escaping @Sendable (ServiceEvent, ServiceStatus) -> Void) -> ServiceObservation

    /// Asks every loop for a sign of life; true when one has not answered for 5 s of running time.
    func isStuck() -> Bool
}

/// What `ServiceControl.connection(id:)` found.
package enum ConnectionLookup: Hashable, Sendable {
    case found(ConnectionInfo)
    case notFound
    /// A loop did not answer within a second.
    case noAnswer
}

package struct DrainReply: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case started
        /// A drain was running; what the request named was merged into it.
        case joined
        /// The state does not allow the request: 409, with the reason for a person.
        case refused(String)
    }

    package var outcome: Outcome
    package var status: ServiceStatus

    package init(outcome: Outcome, status: ServiceStatus) {
        self.outcome = outcome
        self.status = status
    }
}

/// What became of an undrain.
package enum UndrainReply: Hashable, Sendable {
    case serving
    /// 409, with the reason for a person.
    case refused(String)
    /// 500: a listener could not be opened, the drain goes on.
    case failed

    /// nil while the listeners are being opened.
    package init?(_ outcome: UndrainOutcome) {
        switch outcome {
        case .serving: self = .serving
        case .opening: return nil
        case .refused(let reason): self = .refused(reason)
        case .failed: self = .failed
        }
    }
}

/// The instant a waiter waits for.
package enum DrainMilestone: Hashable, Sendable {
    /// `POST /drain?wait`
    case drained
    /// `POST /shutdown?wait`
    case exiting
}

package enum DrainWaitOutcome: Hashable, Sendable {
    /// 200, 500 for forced or lost, or 409 for undrained.
    case over(DrainResult)
    /// 504: the limit is over, the drain goes on.
    case limitPassed
}

/// What observers of the service are told, each time with the status of that moment.
package enum ServiceEvent: String, Hashable, Sendable, CaseIterable {
    /// The state changed, or what a drain has in force did: a request joined, or mode wait became close.
    case state
    /// A second has passed.
    case totals
    /// The process is exiting; these are the final counts. The last one, told once.
    case done
}

/// The right to be told; dropping it ends the observation.
package final class ServiceObservation: Sendable {
    private let end: @Sendable () -> Void

    /// `end` may be called more than once.
    package init(end: @escaping @Sendable () -> Void) {
        self.end = end
    }

    deinit { end() }

    /// From any thread. The observer may still be told one event that is being told already.
    package func cancel() { end() }
}
