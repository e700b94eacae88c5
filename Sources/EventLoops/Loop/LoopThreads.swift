/// Calls `run` for each of `loops` on its own thread while `body` runs on the calling thread, and joins the threads
/// before it returns. `body` must make every `run` return. Throws, with nothing left running, if a thread cannot be
/// started.
package func withRunningLoops<Result>(
    _ loops: some Collection<EventLoop>, run: @escaping @Sendable (EventLoop) -> Void, _ body: () -> Result
) throws(SystemCallError) -> Result {
    guard let loop = loops.first else { return body() }
    let thread = try JoinableThread(name: loop.name) { run(loop) }
    do throws(SystemCallError) {
        let result = try withRunningLoops(loops.dropFirst(), run: run, body)
        thread.join()
        return result
    } catch {
        loop.post { loop.stop() }
        thread.join()
        throw error
    }
}

/// A value that belongs to a loop's thread, for the threads that send calls to it.
///
/// `@unchecked Sendable`: the value is reached only on the loop's thread, which is checked each time.
package struct LoopBound<Value>: @unchecked Sendable {
    package let loop: EventLoop
    private let guarded: Value

    /// On the loop's thread.
    package init(_ value: Value, on loop: EventLoop) {
        loop.assertIsCurrent()
        self.loop = loop
        guarded = value
    }

    /// Gives the value to a loop that does not run yet.
    package init(givenTo loop: EventLoop, _ value: sending Value) {
        precondition(!loop.isRunning, "the event loop is already running")
        self.loop = loop
        guarded = value
    }

    package var value: Value {
        loop.assertIsCurrent()
        return guarded
    }
}
