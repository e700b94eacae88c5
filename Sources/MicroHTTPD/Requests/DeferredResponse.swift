internal import Synchronization

/// The promise of an answer that is not known yet. It may be completed from any thread; only the first completion
/// counts, and after the client has gone away or the server has stopped it does nothing.
package final class DeferredResponse: Sendable {
    /// Makes the answer just before it is sent.
    package typealias Maker = @Sendable () -> HTTPResponse

    private let deliver: @Sendable (@escaping Maker) -> Void
    private let watch: @Sendable (@escaping @Sendable () -> Void) -> Void
    private let isCompleted = Atomic<Bool>(false)

    /// `deliver` is called at most once, on the thread that completes. `watch` is given what `onDisconnect` is.
    package init(
        watch: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void = { _ in },
        deliver: @escaping @Sendable (@escaping Maker) -> Void
    ) {
        self.watch = watch
        self.deliver = deliver
    }

    /// Calls `body` when the client is found to have hung up, within about a second, so that what is kept for it can be
    /// released; at once if no client waits for the answer any more. Not called for a client that only stopped sending,
    /// because it may still read. `body` runs on any thread of the server; only the last one given counts.
    package func onDisconnect(_ body: @escaping @Sendable () -> Void) {
        watch(body)
    }

    package func complete(_ response: HTTPResponse) {
        complete { response }
    }

    /// Calls `make` on the library's thread: an answer that takes milliseconds to write delays other clients of this
    /// server, and not the thread that completes. `make` must not block, and is dropped without being called if the
    /// client is gone.
    package func complete(_ make: @escaping Maker) {
        guard !isCompleted.exchange(true, ordering: .acquiringAndReleasing) else { return }
        deliver(make)
    }
}
