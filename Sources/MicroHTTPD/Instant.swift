internal import Glibc

/// A point on CLOCK_MONOTONIC, in nanoseconds.
struct Instant: Comparable, Sendable {
    private var nanoseconds: Int64

    static var now: Instant {
        var time = Glibc.timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    static let distantFuture = Instant(nanoseconds: .max)

    private init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    var timespec: timespec {
        Glibc.timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }

    static func + (instant: Instant, duration: Duration) -> Instant {
        let (seconds, attoseconds) = duration.components
        let added = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !added.overflow else { return Instant(nanoseconds: .max) }
        let sum = instant.nanoseconds.addingReportingOverflow(added.partialValue + attoseconds / 1_000_000_000)
        return Instant(nanoseconds: sum.overflow ? .max : sum.partialValue)
    }

    static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Milliseconds from `earlier` to this, rounded up, for `poll`; 0 when this lies before it.
    func milliseconds(since earlier: Instant) -> Int32 {
        let difference = max(0, nanoseconds - earlier.nanoseconds)
        return Int32(min((difference + 999_999) / 1_000_000, 3_600_000))
    }
}
