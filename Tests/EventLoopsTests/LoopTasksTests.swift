import Testing
import TestSupport

@testable import EventLoops

/// The loop as the executor of tasks: none of them ever leaves its thread.
@Suite struct LoopTasksTests {
    @Test func childTasks_acrossAwaits_stayOnTheLoop() throws {
        let loops = try (0..<2).map { try EventLoop(name: "tasks-\($0)") }
        let journal = Journal<Bool>()
        try withRunningLoops(
            loops,
            root: { loop in
                journal.add(loop.isCurrent)
                await withDiscardingTaskGroup { group in
                    for _ in 0..<50 {
                        group.addTask(executorPreference: loop) {
                            for _ in 0..<20 {
                                journal.add(loop.isCurrent)
                                await Task.yield()
                                await Self.resumedFromElsewhere()
                            }
                        }
                    }
                }
                journal.add(loop.isCurrent)
            }, {})
        #expect(journal.entries.count == 2 * (50 * 20 + 2))
        #expect(journal.entries.allSatisfy { $0 })
    }

    /// A continuation that another thread resumes.
    private static func resumedFromElsewhere() async {
        await withCheckedContinuation { continuation in
            guard let thread = try? JoinableThread(name: "resumer", { continuation.resume() }) else {
                return continuation.resume()
            }
            thread.join()
        }
    }

    @Test func run_returnsWhenItsRootHas() throws {
        let journal = Journal<String>()
        let loop = try EventLoop(name: "root")
        try withRunningLoops(
            [loop],
            root: { _ in
                await withDiscardingTaskGroup { group in
                    group.addTask(executorPreference: loop) {
                        await withCheckedContinuation { continuation in
                            loop.call(after: 20_000_000) { continuation.resume() }
                        }
                        journal.add("child")
                    }
                }
                journal.add("root")
            }, {})
        #expect(journal.entries == ["child", "root"])
    }

    @Test func withRunningLoops_returnsWhatItsBodyDoes() throws {
        let loops = try (0..<3).map { try EventLoop(name: "body-\($0)") }
        let goOn = Latch()
        let result = try withRunningLoops(
            loops,
            root: { loop in
                await withCheckedContinuation { continuation in
                    loop.post {
                        goOn.wait()
                        continuation.resume()
                    }
                }
            },
            { () -> Int in
                let areRunning = eventually { loops.allSatisfy(\.isRunning) }
                goOn.open()
                return areRunning ? 7 : 0
            })
        #expect(result == 7)
    }

    /// Jobs that always make new ones do not keep a timer from firing.
    @Test func yieldingTask_letsTimersFire() throws {
        let loop = try EventLoop(name: "yield")
        let isOver = Lock(false)
        try withRunningLoops(
            [loop],
            root: { _ in
                loop.call(after: 10_000_000) { isOver.withLock { $0 = true } }
                while !isOver.withLock({ $0 }) { await Task.yield() }
            }, {})
        #expect(isOver.withLock { $0 })
    }
}
