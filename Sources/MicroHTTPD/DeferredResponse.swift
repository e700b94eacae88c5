internal import Synchronization

/// The promise of an answer that is not known yet. It may be completed from any thread; only the first completion
/// counts, and after the client went away or the server stopped it does nothing.
package final class DeferredResponse: Sendable {
    private let deliver: @Sendable (HTTPResponse) -> Void
    private let isCompleted = Atomic<Bool>(false)

    /// `deliver` is called at most once, on the thread that completes.
    package init(deliver: @escaping @Sendable (HTTPResponse) -> Void) {
        self.deliver = deliver
    }

    package func complete(_ response: HTTPResponse) {
        guard !isCompleted.exchange(true, ordering: .acquiringAndReleasing) else { return }
        deliver(response)
    }
}
