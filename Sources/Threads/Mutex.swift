internal import Basics
internal import Glibc

/// A mutex with one condition, on the heap, so that its address never changes.
///
/// Not `Synchronization.Mutex`: ThreadSanitizer does not see its slow path and reports races that do not exist.
///
/// `@unchecked Sendable`: the pointers are set once and freed by `deinit`, when no other thread holds a reference; what
/// they point to is made for use from many threads.
@usableFromInline final class Mutex: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    @usableFromInline init() {
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        Self.check(pthread_mutex_init(mutex, nil), "pthread_mutex_init")
        var attributes = pthread_condattr_t()
        Self.check(pthread_condattr_init(&attributes), "pthread_condattr_init")
        Self.check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), "pthread_condattr_setclock")
        Self.check(pthread_cond_init(condition, &attributes), "pthread_cond_init")
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    @usableFromInline func lock() {
        Self.check(pthread_mutex_lock(mutex), "pthread_mutex_lock")
    }

    @usableFromInline func unlock() {
        Self.check(pthread_mutex_unlock(mutex), "pthread_mutex_unlock")
    }

    /// Releases the mutex until `signal` or the deadline (nil: none). Returns false when the deadline has passed.
    func wait(until deadline: MonotonicTime?) -> Bool {
        guard let deadline else {
            Self.check(pthread_cond_wait(condition, mutex), "pthread_cond_wait")
            return true
        }
        let (seconds, nanoseconds) = deadline.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds))
        let code = pthread_cond_timedwait(condition, mutex, &time)
        if code == ETIMEDOUT { return false }
        Self.check(code, "pthread_cond_timedwait")
        return true
    }

    func signal() {
        Self.check(pthread_cond_broadcast(condition), "pthread_cond_broadcast")
    }

    private static func check(_ code: Int32, _ call: StaticString) {
        precondition(code == 0, "\(call): error \(code)")
    }
}
