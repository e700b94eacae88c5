internal import CLinux
internal import Glibc

/// The conditions that epoll(7) reports for a descriptor.
package struct Readiness: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    package static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// Urgent data is here or was here.
    package static let urgent = Readiness(rawValue: EPOLLPRI.rawValue)
    /// The peer has shut down its writing side.
    package static let peerShutdown = Readiness(rawValue: EPOLLRDHUP.rawValue)
    /// Both directions are shut down.
    package static let hangUp = Readiness(rawValue: EPOLLHUP.rawValue)
    package static let error = Readiness(rawValue: EPOLLERR.rawValue)
    /// Whether the event reports something that one read does not consume: an end of file, an error, urgent data. Tests
    /// the raw value: set algebra across modules is not specialised, and this is asked once per event.
    @inlinable
    package var announcesMoreThanBytes: Bool { rawValue & Self.moreThanBytes != 0 }

    /// EPOLLPRI, EPOLLERR, EPOLLHUP and EPOLLRDHUP.
    @usableFromInline
    package static var moreThanBytes: UInt32 { 0x2 | 0x8 | 0x10 | 0x2000 }

    /// Report changes only.
    package static let edgeTriggered = Readiness(rawValue: CLINUX_EPOLLET)
}

/// An epoll instance and the buffer it reports into. Used by one thread, except for `add` and `remove`, which any
/// thread may call.
struct Epoll: ~Copyable {
    private let descriptor: FileDescriptor
    // A raw buffer: the kernel fills it, and a Swift array would be checked for uniqueness on every event.
    private let events: UnsafeMutableBufferPointer<epoll_event>

    init(capacity: Int) throws(SystemCallError) {
        descriptor = FileDescriptor(owning: try systemCall("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
        events = .allocate(capacity: capacity)
        events.initialize(repeating: epoll_event())
    }

    deinit {
        events.deallocate()
    }

    func add(_ number: Int32, interest: Readiness, token: UInt64) throws(SystemCallError) {
        var event = epoll_event(events: interest.rawValue, data: epoll_data(u64: token))
        try systemCall("epoll_ctl") { Kernel.calls.epoll_ctl(descriptor.number, EPOLL_CTL_ADD, number, &event) }
    }

    func remove(_ number: Int32) {
        var event = epoll_event()
        _ = Kernel.calls.epoll_ctl(descriptor.number, EPOLL_CTL_DEL, number, &event)
    }

    /// Waits at most `timeoutMilliseconds` (-1: for ever) and returns how many events there are.
    @inline(__always)
    func wait(timeoutMilliseconds: Int32) -> Int {
        let count = Kernel.calls.epoll_wait(
            descriptor.number, events.baseAddress, Int32(events.count), timeoutMilliseconds)
        if count >= 0 { return Int(count) }
        precondition(errno == EINTR, "epoll_wait failed")
        return 0
    }

    @inline(__always)
    func event(_ index: Int) -> (token: UInt64, readiness: Readiness) {
        let event = events[index]
        return (event.data.u64, Readiness(rawValue: event.events))
    }
}

/// What a loop calls, always on its own thread.
package protocol ReadinessHandler: AnyObject {
    /// The descriptor's conditions changed (edge-triggered), or `EventLoop.callAgain` was asked for (empty set).
    func readinessChanged(_ readiness: Readiness)
    /// The time given to `EventLoop.setTimer` has come; the timer is no longer set.
    func timerFired()
}

/// A handler's place in a loop. Carries a serial number besides the slot, because slots and descriptor numbers are
/// reused within one batch of events.
package struct Registration: Hashable, Sendable {
    let token: UInt64

    init(slot: Int, serial: UInt32) {
        token = UInt64(serial) << 32 | UInt64(slot)
    }

    init(token: UInt64) {
        self.token = token
    }

    var slot: Int { Int(token & 0xffff_ffff) }
    var serial: UInt32 { UInt32(truncatingIfNeeded: token >> 32) }
}
