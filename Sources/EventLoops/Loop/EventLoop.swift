internal import Basics
internal import CLinux
internal import Glibc
internal import Synchronization
internal import Threads

/// One thread with an epoll instance. It dispatches readiness and timers to handlers as plain calls.
///
/// `@unchecked Sendable`: everything but `inbox`, `thread` and the wake-up descriptor belongs to the loop's thread,
/// and every entry point that other threads may not use checks that.
package final class EventLoop: @unchecked Sendable {
    private struct Slot {
        var handler: (any ReadinessHandler)?
        var serial: UInt32 = 0
        /// The slot is in `again`: once, however often it asks.
        var asksAgain = false
    }

    private struct Inbox {
        var messages: [@Sendable () -> Void] = []
        /// An eventfd write is on its way; until the loop has seen it no other thread needs to write.
        var isWaking = false
    }

    /// Events taken from the kernel at a time.
    private static let batch = 64
    /// How long timers may hold the loop in one turn, in nanoseconds; the clock is read after every `timersAtATime`.
    private static let timerBudget: Int64 = 1_000_000
    private static let timersAtATime = 16
    private static let wakeUpToken = UInt64.max
    private static let noThread = UInt.max

    package let name: String
    private let epoll: Epoll
    private let wakeUp: FileDescriptor
    private let inbox = Lock(Inbox())
    private let thread = Atomic<UInt>(0)

    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private var timers = TimerQueue()
    private var again: [Registration] = []
    private var calledAgain: [Registration] = []
    private var receivedMessages: [@Sendable () -> Void] = []
    var workQueues = WorkKind.allCases.map { WorkQueue(kind: $0) }
    private var isStopped = false

    /// CLOCK_MONOTONIC in nanoseconds, read once per turn and when messages are taken, so that it is never earlier than
    /// anything the caller has been told about. Loop's thread only.
    package private(set) var now: Int64

    /// Throws when the kernel has no descriptor left.
    package init(name: String) throws(SystemCallError) {
        self.name = name
        epoll = try Epoll(capacity: Self.batch)
        wakeUp = FileDescriptor(
            owning: try systemCall("eventfd") { eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) })
        now = Self.clock
        // Edge-triggered and never read: each write is one event, and the counter takes 2^64 of them.
        try epoll.add(wakeUp.number, interest: [.readable, .edgeTriggered], token: Self.wakeUpToken)
    }

    /// Whether the caller is on the loop's thread.
    package var isCurrent: Bool {
        @inline(__always) get { thread.load(ordering: .relaxed) == UInt(pthread_self()) }
    }

    /// Whether a thread is the loop's, or has been.
    package var isRunning: Bool { thread.load(ordering: .relaxed) != 0 }

    @inline(__always)
    package func assertIsCurrent() {
        precondition(isCurrent, "used off the thread of its event loop")
    }

    /// CLOCK_MONOTONIC in nanoseconds, as of the call.
    package static var clock: Int64 {
        @inline(__always) get { Kernel.calls.now().nanoseconds }
    }

    // MARK: Running

    /// Runs the loop on the calling thread until `stop` is called. One thread may do so, once.
    package func run() {
        bindToCurrentThread()
        while !isStopped { turn() }
        // The kernel may give this thread's number to another one.
        thread.store(Self.noThread, ordering: .relaxed)
        releaseWhatIsLeft()
    }

    /// Ends `run` at the end of this turn. Loop's thread only.
    package func stop() {
        assertIsCurrent()
        isStopped = true
    }

    /// Breaks reference cycles: most handlers and calls hold the loop, which holds them.
    private func releaseWhatIsLeft() {
        for index in slots.indices { slots[index].handler = nil }
        workQueues = WorkKind.allCases.map { WorkQueue(kind: $0) }
        let unheard = inbox.withLock { inbox in
            defer { inbox.messages = [] }
            return inbox.messages
        }
        // Released outside the lock: what the messages hold may be destroyed here.
        _ = unheard
    }

    private func bindToCurrentThread() {
        let (isFirst, _) = thread.compareExchange(expected: 0, desired: UInt(pthread_self()), ordering: .relaxed)
        precondition(isFirst, "an event loop runs once")
        now = Self.clock
    }

    private func turn() {
        let count = epoll.wait(timeoutMilliseconds: timeout())
        now = Self.clock
        for index in 0..<count {
            let (token, readiness) = epoll.event(index)
            if token == Self.wakeUpToken {
                takeMessages()
            } else {
                dispatch(Registration(token: token), readiness)
            }
        }
        if let earliest = timers.earliest, earliest <= now { fireTimers() }
        callThoseThatAsked()
        if hasWork { doWork() }
    }

    /// A timer that is due but gets no time is still due in the next turn.
    private func fireTimers() {
        let end = Self.clock + Self.timerBudget
        repeat {
            for _ in 0..<Self.timersAtATime {
                guard let slot = timers.popDue(at: now) else { return }
                slots[slot].handler?.timerFired()
            }
        } while Self.clock < end
    }

    /// Milliseconds until there is something to do, rounded up so that a timer is never early.
    private func timeout() -> Int32 {
        if !again.isEmpty || hasWork { return 0 }
        guard let earliest = timers.earliest else { return -1 }
        let milliseconds = (max(0, earliest - Self.clock) + 999_999) / 1_000_000
        return Int32(min(milliseconds, 60_000))
    }

    @inline(__always)
    private func dispatch(_ registration: Registration, _ readiness: Readiness) {
        let slot = registration.slot
        guard slot < slots.count, slots[slot].serial == registration.serial else { return }
        slots[slot].handler?.readinessChanged(readiness)
    }

    private func callThoseThatAsked() {
        guard !again.isEmpty else { return }
        swap(&again, &calledAgain)
        for registration in calledAgain where slots[registration.slot].serial == registration.serial {
            slots[registration.slot].asksAgain = false
            dispatch(registration, [])
        }
        calledAgain.removeAll(keepingCapacity: true)
    }

    private func takeMessages() {
        inbox.withLock { inbox in
            swap(&inbox.messages, &receivedMessages)
            inbox.isWaking = false
        }
        // Some may have been posted since the turn began, for example by a client that was accepted meanwhile.
        now = Self.clock
        for message in receivedMessages { message() }
        receivedMessages.removeAll(keepingCapacity: true)
    }

    // MARK: From any thread

    /// Calls `body` on the loop's thread, in the order of the calls to `post`. From any thread.
    package func post(_ body: @escaping @Sendable () -> Void) {
        let mustWake = inbox.withLock { inbox in
            inbox.messages.append(body)
            defer { inbox.isWaking = true }
            return !inbox.isWaking
        }
        guard mustWake else { return }
        var one: UInt64 = 1
        _ = write(wakeUp.number, &one, MemoryLayout<UInt64>.size)
    }

    // MARK: Handlers (loop's thread only)

    /// Watches `descriptor` for everything that `Readiness` names, edge-triggered; with nil it only offers a timer. The
    /// loop holds the handler until `deregister`.
    package func register(
        _ handler: any ReadinessHandler, descriptor: Int32? = nil,
        interest: Readiness = [.readable, .writable, .urgent, .peerShutdown, .edgeTriggered]
    ) throws(SystemCallError) -> Registration {
        assertIsCurrent()
        let slot = freeSlots.popLast() ?? slots.count
        if slot == slots.count { slots.append(Slot()) }
        let registration = Registration(slot: slot, serial: slots[slot].serial)
        if let descriptor {
            do throws(SystemCallError) {
                try epoll.add(descriptor, interest: interest, token: registration.token)
            } catch {
                freeSlots.append(slot)
                throw error
            }
        }
        slots[slot].handler = handler
        return registration
    }

    /// Forgets the handler and drops its events that are already taken from the kernel. `descriptor` must be given if
    /// it stays open elsewhere: the kernel forgets a descriptor only when its last copy is closed.
    package func deregister(_ registration: Registration, descriptor: Int32? = nil) {
        assertIsCurrent()
        precondition(slots[registration.slot].serial == registration.serial, "deregistered twice")
        if let descriptor { epoll.remove(descriptor) }
        timers.set(registration.slot, to: nil)
        slots[registration.slot].serial &+= 1
        slots[registration.slot].handler = nil
        slots[registration.slot].asksAgain = false
        freeSlots.append(registration.slot)
    }

    /// Sets the one timer of a handler to `deadline` (as `now`), replacing an earlier one; nil removes it.
    package func setTimer(_ registration: Registration, at deadline: Int64?) {
        timers.set(registration.slot, to: deadline)
    }

    /// Calls the handler in the next turn, after the other handlers have had theirs.
    package func callAgain(_ registration: Registration) {
        guard !slots[registration.slot].asksAgain else { return }
        slots[registration.slot].asksAgain = true
        again.append(registration)
    }
}
