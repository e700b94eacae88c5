internal import Synchronization

/// The promise of an answer that is not known yet. It may be completed from any thread; only the first completion
/// counts, and after the client went away or the server stopped it does nothing.
package final class DeferredResponse: Sendable {
    private let deliver: @Sendable (HTTPResponse) -> Void
    private let watch: @Sendable (@escaping @Sendable () -> Void) -> Void
    private let isCompleted = Atomic<Bool>(false)

    /// `deliver` is called at most once, on the thread that completes. `watch` is given what `onDisconnect` is.
    package init(
        watch: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void = { _ in },
        deliver: @escaping @Sendable (HTTPResponse) -> Void
    ) {
        self.watch = watch
        self.deliver = deliver
    }

    /// Has `body` called when the client is found to have hung up, within about a second, so that what is kept for it can
    /// be let go; at once when nobody waits for the answer any more. Not for a client that only stopped sending, which
    /// may still read. On any thread of the server; the last one given counts.
    package func onDisconnect(_ body: @escaping @Sendable () -> Void) {
        watch(body)
    }

    package func complete(_ response: HTTPResponse) {
        guard !isCompleted.exchange(true, ordering: .acquiringAndReleasing) else { return }
        deliver(response)
    }
}
