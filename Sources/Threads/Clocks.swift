package import Basics
internal import Glibc

extension MonotonicTime {
    package static var now: MonotonicTime { MonotonicTime(nanoseconds: read(CLOCK_MONOTONIC)) }
}

/// `CLOCK_REALTIME`: for display, never for a deadline.
package enum WallClock {
    /// In nanoseconds since 1970.
    package static var now: Int64 { read(CLOCK_REALTIME) }
}

private func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
