package import EventLoops
internal import Threads

/// Runs a loop on the calling thread for as long as a command takes.
package enum ClientLoop {
    /// Calls `begin` on a new loop, then runs it until the closure that `begin` is given is called with the outcome.
    package static func run<Outcome: Sendable>(
        _ begin: @escaping @Sendable (EventLoop, @escaping (Outcome) -> Void) -> Void
    ) throws(SystemCallError) -> Outcome {
        let loop = try EventLoop(name: "echod-client")
        let outcome = Lock<Outcome?>(nil)
        loop.post {
            begin(loop) { result in
                outcome.withLock { $0 = $0 ?? result }
                loop.stop()
            }
        }
        loop.run()
        guard let result = outcome.withLock({ $0 }) else { preconditionFailure("the loop stopped by itself") }
        return result
    }

    /// Sends one request and returns its answer; nothing else runs on the loop.
    package static func send(
        _ request: AdminRequest, to target: AdminTarget, limit: Duration = Exchange.answerLimit
    ) throws(SystemCallError) -> Exchange.Outcome {
        try run { loop, finish in
            Exchange(request, to: target, limit: limit, on: loop, completion: finish)
        }
    }
}
