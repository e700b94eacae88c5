import Basics
import Testing
import Threads

@Suite struct LockTests {
    @Test func lock_underContention_losesNothing() async {
        let count = Lock(0)
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<20_000 { count.withLock { $0 += 1 } } }
            }
        }
        #expect(count.withLock { $0 } == 80_000)
    }

    @Test func lock_whenItsBodyThrows_isFreeAgain() {
        struct Failure: Error {}
        let value = Lock(1)
        #expect(throws: Failure.self) {
            try value.withLock { (_) throws(Failure) in throw Failure() }
        }
        #expect(value.withLock { $0 } == 1)
    }

    @Test func wait_returnsWhatItWasSignalledFor() async {
        let letters = Lock<[String]>([])
        async let taken = Task.detached { letters.wait { $0.isEmpty ? nil : $0.removeFirst() } }.value
        letters.withLock { $0.append("a") }
        letters.signal()
        #expect(await taken == "a")
        #expect(letters.withLock { $0.isEmpty })
    }

    @Test func wait_endsAtItsDeadline() {
        let start = MonotonicTime.now
        #expect(Lock(0).wait(until: start + .milliseconds(20)) { $0 > 0 ? $0 : nil } == nil)
        #expect(MonotonicTime.now - start >= .milliseconds(20))
    }

    @Test func latch_letsEverybodyPassOnceItIsOpen() async {
        let latch = Latch()
        let passed = Lock(0)
        await withTaskGroup { group in
            for _ in 0..<2 {
                group.addTask {
                    latch.wait()
                    passed.withLock { $0 += 1 }
                }
            }
            #expect(passed.withLock { $0 } == 0)
            latch.open()
            latch.open()
        }
        #expect(passed.withLock { $0 } == 2)
        latch.wait()
    }
}
