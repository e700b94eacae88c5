internal import Basics
package import EchoCore
internal import EventLoops
internal import Threads
package import Wire

/// What the admin plane sees; `Queries/Server+Connections.swift` has the questions about connections.
extension Server: ServiceControl {
    package func status() -> ServiceStatus { lifecycle.status() }

    package func sampleStatus(_ completion: @escaping @Sendable (ServiceStatus) -> Void) {
        sampler.sampleStatus(completion)
    }

    package func measure() -> ServiceMeasurements { lifecycle.measure() }

    package func isStuck() -> Bool { watchdog.isStuck() }

    /// Made from a copy: the control loop does not wait for it.
    package func recentSamples() -> [ServiceSample] {
        let history = self.history.withLock { $0 }
        return history.recent(at: .now - lifecycle.startedAt)
    }

    package func observe(
        _ observer: @escaping @Sendable (ServiceEvent, ServiceStatus) -> Void
    ) -> ServiceObservation {
        let number = observers.add(observer)
        onControl { $0.observerCame(number) }
        return ServiceObservation { [observers] in observers.remove(number) }
    }

    package func requestDrain(_ request: DrainRequest) -> DrainReply {
        let reply = lifecycle.drainRequested(request)
        act()
        return reply
    }

    package func requestUndrain(_ completion: @escaping @Sendable (UndrainReply, ServiceStatus) -> Void) {
        let answer = lifecycle.undrainRequested(completion)
        act()
        if let answer { completion(answer.reply, answer.status) }
    }

    package func awaitDrain(
        id: Int, _ milestone: DrainMilestone, limit: Duration?,
        _ completion: @escaping @Sendable (DrainWaitOutcome, ServiceStatus) -> Void
    ) -> UInt64? {
        let waiter = lifecycle.awaitDrain(id: id, milestone, limit: limit, completion)
        // The driver's timer follows the nearest limit.
        if limit != nil { act() }
        return waiter
    }

    package func stopWaiting(_ waiter: UInt64) { lifecycle.stopWaiting(waiter) }
}
