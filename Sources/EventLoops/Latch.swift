internal import Glibc

/// Opens once; who waits goes on then.
///
/// `@unchecked Sendable`: a POSIX semaphore is made for several threads.
package final class Latch: @unchecked Sendable {
    // On the heap: a semaphore must not move.
    private let semaphore: UnsafeMutablePointer<sem_t>

    package init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    /// From any thread; opening it again does nothing.
    package func open() {
        sem_post(semaphore)
    }

    /// Blocks the thread until it is open.
    package func wait() {
        while sem_wait(semaphore) != 0 && errno == EINTR {}
        sem_post(semaphore)
    }
}
