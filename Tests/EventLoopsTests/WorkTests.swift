import Testing
import Threads

@testable import EventLoops

/// Work and timers have their share of a turn, and no more.
@Suite struct WorkTests {
    /// Runs `prepare` and then the loop, until a stride or a timer stops it; what was noted, in its order.
    private static func notes(_ prepare: @escaping @Sendable (EventLoop, Notes) -> Void) throws -> [String] {
        let loop = try EventLoop(name: "test-work")
        let notes = Notes()
        loop.post { prepare(loop, notes) }
        loop.run()
        return notes.all
    }

    final class Notes: Sendable {
        private let texts = Lock<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func add(_ text: String) { texts.withLock { $0.append(text) } }
    }

    @Test func workOfOneKind_isDoneInOrder() throws {
        let notes = try Self.notes { loop, notes in
            for name in ["a", "b"] {
                var left = 2
                loop.work(.prompt) {
                    notes.add(name)
                    left -= 1
                    return left == 0
                }
            }
            loop.work(.patient) {
                loop.stop()
                return true
            }
        }
        #expect(notes == ["a", "a", "b", "b"])
    }

    /// However many ask, one stride of patient work is done a turn: what is posted meanwhile is heard between two.
    @Test func patientWork_isOneStrideATurn() throws {
        let notes = try Self.notes { loop, notes in
            for name in ["a", "b"] {
                var left = 2
                loop.work(.patient) {
                    notes.add(name)
                    loop.post { notes.add("between") }
                    left -= 1
                    return left == 0
                }
            }
            loop.work(.patient) {
                loop.stop()
                return true
            }
        }
        #expect(notes == ["a", "between", "a", "between", "b", "between", "b", "between"])
    }

    /// Prompt work that is longer than its budget lets a turn end.
    @Test func promptWork_lastsABudgetATurn() throws {
        let notes = try Self.notes { loop, notes in
            var isPosted = false
            loop.work(.prompt) {
                let end = EventLoop.clock + WorkKind.prompt.budget / 4
                while EventLoop.clock < end {}
                if !isPosted { loop.post { notes.add("between") } }
                isPosted = true
                return notes.all == ["between"]
            }
            loop.work(.prompt) {
                loop.stop()
                return true
            }
        }
        #expect(notes == ["between"])
    }

    /// Timers that are due together and take long do not keep the loop from its messages.
    @Test func dueTimers_lastABudgetATurn() throws {
        let notes = try Self.notes { loop, notes in
            var fired = 0
            for _ in 0..<200 {
                loop.call(after: 0) {
                    if fired == 0 { loop.post { notes.add("message") } }
                    let end = EventLoop.clock + 100_000
                    while EventLoop.clock < end {}
                    fired += 1
                    if fired == 200 {
                        notes.add("last timer")
                        loop.stop()
                    }
                }
            }
        }
        #expect(notes == ["message", "last timer"])
    }

    @Test func portions_coverEverythingOnce() throws {
        let notes = try Self.notes { loop, notes in
            loop.work(.prompt, through: 35) { notes.add("\($0)") }
            loop.work(.prompt, through: 0) { _ in loop.stop() }
        }
        #expect(notes == ["0..<16", "16..<32", "32..<35"])
    }
}
