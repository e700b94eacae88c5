internal import CLinux
internal import Glibc

/// A thread that is joined. Signals should be blocked before it starts: it inherits that.
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

    /// Starts it. `name` is what `top -H` shows, 15 bytes at most. Throws when the kernel gives no thread.
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

/// Runs each of `loops` on a thread of its own, with `root` as the task that owns all others there, while `body` runs
/// here; joins the threads before it returns. `body` must see to it that the roots end.
/// Throws, with nothing left running, when a thread cannot be started.
package func withRunningLoops<Result>(
    _ loops: some Collection<EventLoop>, root: @escaping @Sendable (EventLoop) async -> Void, _ body: () -> Result
) throws(SystemCallError) -> Result {
    guard let loop = loops.first else { return body() }
    let thread = try JoinableThread(name: loop.name) { loop.run { await root(loop) } }
    do throws(SystemCallError) {
        let result = try withRunningLoops(loops.dropFirst(), root: root, body)
        thread.join()
        return result
    } catch {
        loop.post { loop.stop() }
        thread.join()
        throw error
    }
}
