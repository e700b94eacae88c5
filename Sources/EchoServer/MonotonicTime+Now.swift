internal import EchoCore
internal import EventLoops

extension MonotonicTime {
    /// Read from the clock.
    static var now: MonotonicTime { MonotonicTime(nanoseconds: EventLoop.monotonicNow()) }
}
