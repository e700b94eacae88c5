package import Basics
internal import EchoCore
package import Wire

/// The time by which a server that was asked to drain must answer, as far as its status tells. Time is passed in.
///
/// While the server answers questions it may take its time: each status moves the end. The client gives up only on a
/// server that stays silent for `patience` and for longer than its own deadline allows.
package struct DrainPromise: Hashable, Sendable {
    /// What cutting connections and exiting take after the deadline (contract.md, section 3).
    static let ending = Duration.seconds(2)

    private struct Known: Hashable {
        var status: ServiceStatus
        var at: MonotonicTime

        /// A drain without a deadline is over or has not begun: either way, news comes soon. Whatever a server says, no
        /// drain takes longer than the longest timeout.
        var end: MonotonicTime {
            let left = min(max(.zero, status.drain?.deadlineIn ?? .zero), ServiceLimits.longestDuration)
            return at + left + DrainPromise.ending
        }
    }

    private var known: Known?

    package init() {}

    /// How long a question for the status may take. Before the first answer it is not known whether a server is there,
    /// and the limit is that of every request.
    package var patience: Duration { known == nil ? Exchange.answerLimit : .seconds(5) }

    /// The server has sent its status.
    package mutating func statusCame(_ status: ServiceStatus, at now: MonotonicTime) {
        known = Known(status: status, at: now)
    }

    /// How long to wait before the next question when no one watches.
    package func pause(at now: MonotonicTime) -> Duration {
        max(.seconds(1), known.map { $0.end - now } ?? .zero)
    }

    /// A question was not answered. Returns the error that ends the wait for `target`; nil while the wait goes on.
    ///
    /// A server that refuses or hangs up is not frozen: if it ended, the waiting request notices.
    package func questionFailed(
        _ error: AdminClientError, _ target: AdminTarget, at now: MonotonicTime
    ) -> AdminClientError? {
        guard error.code == .timedOut else { return nil }
        guard let known else {
            // The request that waits for its answer besides the question is the drain.
            return AdminClientError(code: .timedOut, description: "\(error); \(AdminClientError.mayBeDone)")
        }
        guard now >= known.end else { return nil }
        let age = (now - known.at).components.seconds
        return AdminClientError(
            code: .timedOut,
            description:
                "\(target.name): no answer, although the drain should be over by now; \(AdminClientError.mayBeDone)\n"
                + "last known, \(age) s ago: \(DrainText.progress(known.status))")
    }
}
