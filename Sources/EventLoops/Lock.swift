internal import Glibc

/// Mutual exclusion around a value. Never log, resume a continuation or make another system call while holding it.
///
/// A pthread mutex and not `Synchronization.Mutex`, whose slow path ThreadSanitizer does not see (false reports).
/// `@unchecked Sendable`: the value is reached only with the mutex held.
package final class Lock<Value>: @unchecked Sendable {
    private var value: Value
    // On the heap: a mutex must not move, and a Swift property may.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    package init(_ value: sending Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        let code = pthread_mutex_init(mutex, nil)
        precondition(code == 0, "pthread_mutex_init failed")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
