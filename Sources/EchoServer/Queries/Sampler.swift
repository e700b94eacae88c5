internal import Basics
internal import EchoCore
internal import EventLoops
internal import Threads
internal import Wire

/// Samples the kernel's queues of all connections. From any thread.
final class Sampler: Sendable {
    private let lifecycle: Lifecycle
    private let shards: [ShardHandle]
    private let control: EventLoop

    init(_ lifecycle: Lifecycle, shards: [ShardHandle], control: EventLoop) {
        self.lifecycle = lifecycle
        self.shards = shards
        self.control = control
    }

    /// `ServiceControl.sampleStatus`.
    func sampleStatus(_ completion: @escaping Sampling.Completion) {
        let (turn, announced) = lifecycle.state.withLock { state in
            (state.sampling.ask(at: .now, completion), state.announcedBlocker)
        }
        switch turn {
        case .isGood: control.post { [lifecycle] in completion(lifecycle.status()) }
        case .isBeingTaken: break
        case .isToBeTaken:
            shards.gather(on: control, { $0.sample(announced: announced, $1) }) { [lifecycle, shards] samples in
                // If an answer is missing, the previous figures stay.
                let isWhole = samples.count == shards.count
                let completions = lifecycle.state.withLock {
                    $0.sampling.taken(samples, isWhole: isWhole, at: .now)
                }
                let status = lifecycle.status()
                for completion in completions { completion(status) }
            }
        }
    }
}

/// The last sample, and the callers that wait for the next one.
struct Sampling: Sendable {
    typealias Completion = @Sendable (ServiceStatus) -> Void

    enum Turn {
        case isGood, isBeingTaken, isToBeTaken
    }

    /// A sample is valid for this many times what it cost: taking them never eats more than a twentieth of a loop.
    private static let share: Int64 = 20

    private(set) var latest = Sample()
    private var isGoodUntil: MonotonicTime?
    /// nil when no sample is being taken.
    private var completions: [Completion]?

    /// Keeps the completion unless the last sample is good.
    mutating func ask(at now: MonotonicTime, _ completion: @escaping Completion) -> Turn {
        if let isGoodUntil, now < isGoodUntil { return .isGood }
        defer { completions = (completions ?? []) + [completion] }
        return completions == nil ? .isToBeTaken : .isBeingTaken
    }

    mutating func taken(_ samples: [Sample], isWhole: Bool, at now: MonotonicTime) -> [Completion] {
        var sum = Sample()
        for sample in samples { sum.add(sample) }
        if isWhole { latest = sum }
        isGoodUntil = now + .nanoseconds(Self.share * sum.cost)
        defer { completions = nil }
        return completions ?? []
    }

    mutating func forget() { isGoodUntil = nil }
}
