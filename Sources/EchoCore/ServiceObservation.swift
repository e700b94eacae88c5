/// What observers of the service are told of, each time with the status of that moment.
package enum ServiceEvent: String, Hashable, Sendable, CaseIterable {
    /// The state is another one, or what a drain has in force is: a request joined, mode wait became close.
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
