/// A value that belongs to a loop's thread, carried through code that the compiler takes for concurrent.
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
        precondition(!loop.isRunning, "the event loop runs already")
        self.loop = loop
        guarded = value
    }

    package var value: Value {
        loop.assertIsCurrent()
        return guarded
    }
}
