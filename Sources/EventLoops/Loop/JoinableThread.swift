internal import CLinux
internal import Glibc

/// A thread that is joined. Signals should be blocked before it starts: it inherits the signal mask.
package struct JoinableThread: ~Copyable {
    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    private let thread: pthread_t

    /// Starts it. `name` is what `top -H` shows, 15 bytes at most. Throws if the kernel cannot create a thread.
    package init(name: String, _ run: @escaping @Sendable () -> Void) throws(SystemCallError) {
        precondition(name.utf8.count <= 15)
        let body = Unmanaged.passRetained(Body(name: name, run: run))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                let body = Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue()
                _ = pthread_setname_np(pthread_self(), body.name)
                body.run()
                return nil
            }, body.toOpaque())
        guard code == 0 else {
            body.release()
            throw SystemCallError(call: "pthread_create", code: code)
        }
        self.thread = thread
    }

    /// Waits for the thread's end.
    package consuming func join() {
        pthread_join(thread, nil)
    }
}
