package import Basics

/// Mutual exclusion around a value, with one condition for threads that wait until the value is what they need. Never
/// log or make a system call that can block while holding it.
///
/// `@unchecked Sendable`: the value is reached only with the mutex held.
package final class Lock<Value>: @unchecked Sendable {
    @usableFromInline var value: Value
    @usableFromInline let mutex = Mutex()

    package init(_ value: sending Value) {
        self.value = value
    }

    // Inlinable, because an event loop takes a lock in every turn: called from another module, the generic code would
    // be slow.
    @inlinable package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        mutex.lock()
        defer { mutex.unlock() }
        return try body(&value)
    }

    /// Calls `body` at once, and again after every `signal`, until it returns a value. Returns nil if the deadline
    /// (nil: none) passes first.
    package func wait<Result>(until deadline: MonotonicTime? = nil, for body: (inout Value) -> Result?) -> Result? {
        mutex.lock()
        defer { mutex.unlock() }
        while true {
            if let result = body(&value) { return result }
            guard mutex.wait(until: deadline) else { return body(&value) }
        }
    }

    /// Wakes every thread in `wait`. Call it after the change that they wait for.
    package func signal() {
        mutex.signal()
    }
}

/// Opens once and releases every thread that waits for it.
package final class Latch: Sendable {
    private let isOpen = Lock(false)

    package init() {}

    /// From any thread; opening it again does nothing.
    package func open() {
        isOpen.withLock { $0 = true }
        isOpen.signal()
    }

    /// Blocks the calling thread until the latch is open.
    package func wait() {
        isOpen.wait { $0 ? () : nil }
    }
}
