internal import EventLoops
internal import Wire

/// What a failed system call means for a connection (docs/faults.md, section 2.1).
extension Connection {
    /// When the kernel had no memory for a call, and how long the connection waits after the next failure.
    struct Retry {
        static let shortestPause: Int64 = 10_000_000
        static let longestPause: Int64 = 1_000_000_000

        /// Nanoseconds of the loop's clock.
        var due: Int64
        var pause: Int64
    }

    /// `unwritten`: bytes of an answer that are in no buffer of echod.
    func failed(_ call: FailedCall, unwritten: Int = 0) {
        switch call.owner {
        case .peer: resetByPeer(unwritten: unwritten)
        case .shortage: retryLater()
        case .program:
            shard.log.connectionFailed(self, call)
            cutWithLosses(.internalError, unwritten: unwritten)
        }
    }

    private func retryLater() {
        guard retry == nil else { return }
        retry = Retry(due: shard.loop.now + Retry.shortestPause, pause: Retry.shortestPause)
        rearmTimer()
    }

    /// Timer: tries again, and waits twice as long if the memory is still missing.
    func retryIfDue(_ now: Int64) {
        guard let last = retry, last.due <= now else { return }
        retry = nil
        pump()
        guard retry != nil else { return }
        let pause = min(2 * last.pause, Retry.longestPause)
        retry = Retry(due: now + pause, pause: pause)
    }
}
