/// How long the work of one kind may hold a loop in one turn.
package enum WorkKind: Int, CaseIterable, Sendable {
    /// What clients and drains wait for: marks, cuts, closes.
    case prompt
    /// What the admin asks for: one stride per turn, so that a client waits for no more than that.
    case patient

    /// Nanoseconds.
    var budget: Int64 {
        switch self {
        case .prompt: 1_000_000
        case .patient: 0
        }
    }
}

/// Work of one kind that waits for the ends of turns. A turn spends one budget on it, however many ask for it.
struct WorkQueue {
    let kind: WorkKind
    var strides: [() -> Bool] = []
}

extension EventLoop {
    /// Calls `stride` at the ends of this and later turns until it returns true. One call should take a few
    /// microseconds: the clock is read after each. Work of the same kind is done in order. Loop's thread only.
    package func work(_ kind: WorkKind, _ stride: @escaping () -> Bool) {
        assertIsCurrent()
        workQueues[kind.rawValue].strides.append(stride)
    }

    /// Calls `body` for all of `0..<count`, `portion` indices at a time.
    package func work(_ kind: WorkKind, through count: Int, portion: Int = 16, _ body: @escaping (Range<Int>) -> Void) {
        var next = 0
        work(kind) {
            let end = min(next + portion, count)
            body(next..<end)
            next = end
            return next == count
        }
    }

    var hasWork: Bool { workQueues.contains { !$0.strides.isEmpty } }

    func doWork() {
        for index in workQueues.indices where !workQueues[index].strides.isEmpty {
            let end = Self.clock + workQueues[index].kind.budget
            while let stride = workQueues[index].strides.first {
                if stride() { workQueues[index].strides.removeFirst() }
                if Self.clock >= end { break }
            }
        }
    }
}
