/// An instant of `CLOCK_MONOTONIC`, in nanoseconds since an arbitrary point (usually boot).
///
/// All deadlines use this clock: the wall clock can be stepped, this one cannot (clock_gettime(2)). Within an event
/// loop they are plain nanoseconds, because its timers and connections only compare them and add to them.
package struct MonotonicTime: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Later than every instant of the clock.
    package static let distantFuture = MonotonicTime(nanoseconds: .max)

    package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Returns the distant future if the sum would be beyond it.
    package static func + (time: MonotonicTime, duration: Duration) -> MonotonicTime {
        guard duration < distantFuture - time else { return distantFuture }
        return MonotonicTime(nanoseconds: time.nanoseconds + duration.inNanoseconds)
    }

    package static func - (time: MonotonicTime, duration: Duration) -> MonotonicTime {
        MonotonicTime(nanoseconds: time.nanoseconds - duration.inNanoseconds)
    }

    /// The time from `right` to `left`; negative when `left` is the earlier one.
    package static func - (left: MonotonicTime, right: MonotonicTime) -> Duration {
        .nanoseconds(left.nanoseconds - right.nanoseconds)
    }
}

extension Duration {
    /// Whole nanoseconds, rounded towards zero. Exact for every duration that echod accepts (24 h at most).
    package var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// Whole milliseconds, rounded towards zero, as the admin API shows them.
    package var inMilliseconds: Int64 { inNanoseconds / 1_000_000 }
}
