internal import EventLoops
internal import Threads

extension [ShardHandle] {
    /// How long loops have to answer a question from the admin plane, in nanoseconds.
    private static var patience: Int64 { 1_000_000_000 }

    /// Asks every shard on its loop, and completes on the control loop with the answers that came within a second.
    func gather<Part: Sendable>(
        on control: EventLoop, _ ask: @escaping @Sendable (Shard, @escaping @Sendable (Part) -> Void) -> Void,
        _ completion: @escaping @Sendable ([Part]) -> Void
    ) {
        let gathering = Gathering<Part>(count) { parts in control.post { completion(parts) } }
        for shard in self { shard.post { ask($0, gathering.add) } }
        control.post { control.call(after: Self.patience) { gathering.giveUp() } }
    }
}

/// Parts of an answer that come from several threads; completes once, with all of them or, after `giveUp`, with some.
final class Gathering<Part: Sendable>: Sendable {
    private struct State {
        var parts: [Part] = []
        var missing: Int
        var completion: (@Sendable ([Part]) -> Void)?

        /// Hands over what there is, and keeps none of it.
        mutating func take() -> (completion: (@Sendable ([Part]) -> Void)?, parts: [Part]) {
            defer {
                completion = nil
                parts = []
            }
            return (completion, parts)
        }
    }

    private let state: Lock<State>

    init(_ count: Int, _ completion: @escaping @Sendable ([Part]) -> Void) {
        state = Lock(State(missing: count, completion: completion))
    }

    func add(_ part: Part) {
        let complete: (completion: (@Sendable ([Part]) -> Void)?, parts: [Part])? = state.withLock { state in
            guard state.completion != nil else { return nil }
            state.parts.append(part)
            state.missing -= 1
            return state.missing == 0 ? state.take() : nil
        }
        if let complete { complete.completion?(complete.parts) }
    }

    func giveUp() {
        let (completion, parts) = state.withLock { $0.take() }
        completion?(parts)
    }
}
