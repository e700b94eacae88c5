import Basics
import Glibc
import TestSupport
import Testing
import Threads

@testable import EventLoops

@Suite struct EventLoopTests {
    @Test func posts_ofOneThread_runInTheirOrder() throws {
        let journal = Journal<Int>()
        try withLoop { loop in
            for number in 0..<10_000 { loop.post { journal.add(number) } }
        }
        // The end of the loop was posted last.
        #expect(journal.entries == Array(0..<10_000))
    }

    @Test func posts_ofManyThreads_keepEachThreadsOrder() throws {
        let journal = Journal<(Int, Int)>()
        try withLoop { loop in
            let senders = try (0..<4).map { try EventLoop(name: "sender-\($0)") }
            try withRunningLoops(
                senders,
                run: { sender in
                    let number = senders.firstIndex { $0 === sender } ?? -1
                    for count in 0..<2_000 { loop.post { journal.add((number, count)) } }
                }, {})
        }
        for sender in 0..<4 {
            #expect(journal.entries.filter { $0.0 == sender }.map(\.1) == Array(0..<2_000))
        }
        #expect(journal.entries.count == 8_000)
    }

    @Test func post_fromTheLoop_runsLaterAndInOrder() throws {
        let journal = Journal<Int>()
        try withLoop { loop in
            let isDone = Latch()
            loop.post {
                loop.post { journal.add(2) }
                loop.post {
                    journal.add(3)
                    isDone.open()
                }
                journal.add(1)
            }
            isDone.wait()
        }
        #expect(journal.entries == [1, 2, 3])
    }

    /// Also one that comes in the middle of a turn, before its messages are taken.
    @Test func post_isCalledAtATimeThatIsNotBeforeIt() throws {
        let journal = Journal<Int64>()
        try withLoop { loop in
            let pair = try SocketPair()
            _ = loop.ask {
                let handler = ClosureHandler()
                handler.onReadiness = { _ in
                    usleep(1_000)
                    let posted = MonotonicTime.now.nanoseconds
                    loop.post { journal.add(loop.now - posted) }
                }
                handler.registration = try? loop.register(
                    handler, descriptor: pair.mine.number, interest: [.readable, .edgeTriggered])
                _ = pair.theirs.send([1])
                // Reported in one batch with the byte, and after it.
                loop.post {}
            }
            #expect(eventually { !journal.entries.isEmpty })
        }
        #expect(journal.entries.allSatisfy { $0 >= 0 })
    }

    @Test func oneShotTimers_fireInOrderAndNotEarly() throws {
        let journal = Journal<(Int64, Int64)>()
        try withLoop { loop in
            let isDone = Latch()
            loop.post {
                let start = loop.now
                for delay: Int64 in [60, 20, 40, 0, 80] {
                    loop.call(after: delay * 1_000_000) {
                        journal.add((delay, MonotonicTime.now.nanoseconds - start))
                        if delay == 80 { isDone.open() }
                    }
                }
            }
            isDone.wait()
        }
        #expect(journal.entries.map(\.0) == [0, 20, 40, 60, 80])
        for (delay, passed) in journal.entries { #expect(passed >= delay * 1_000_000) }
    }

    @Test func timer_whenSetAnew_firesOnceAtTheLatestTime() throws {
        let journal = Journal<Int64>()
        try withLoop { loop in
            let isDone = Latch()
            loop.post {
                let handler = ClosureHandler()
                let start = loop.now
                handler.onTimer = {
                    journal.add(loop.now - start)
                    // Long enough for a second, wrong one.
                    loop.call(after: 100_000_000) { isDone.open() }
                }
                guard let registration = try? loop.register(handler) else { return isDone.open() }
                loop.setTimer(registration, at: start + 10_000_000)
                loop.setTimer(registration, at: start + 50_000_000)
            }
            isDone.wait()
        }
        #expect(journal.entries.count == 1)
        #expect(try #require(journal.entries.first) >= 50_000_000)
    }

    @Test func timer_whenTakenBackOrDeregistered_doesNotFire() throws {
        let journal = Journal<String>()
        try withLoop { loop in
            let isDone = Latch()
            loop.post {
                let handlers = [ClosureHandler(), ClosureHandler()]
                for handler in handlers {
                    handler.onTimer = { journal.add("fired") }
                    handler.registration = try? loop.register(handler)
                    if let place = handler.registration { loop.setTimer(place, at: loop.now + 10_000_000) }
                }
                if let place = handlers[0].registration { loop.setTimer(place, at: nil) }
                if let place = handlers[1].registration { loop.deregister(place) }
                loop.call(after: 50_000_000) { isDone.open() }
            }
            isDone.wait()
        }
        #expect(journal.entries.isEmpty)
    }

    /// Two that always have more to do take turns, and a timer still gets its own.
    @Test func callAgain_letsOthersHaveTheirTurn() throws {
        let journal = Journal<Int>()
        try withLoop { loop in
            let isDone = Latch()
            loop.post {
                for number in 0..<2 {
                    let handler = ClosureHandler()
                    handler.onReadiness = { [unowned handler] readiness in
                        guard readiness == [] else { return }
                        guard journal.entries.count < 200 else { return isDone.open() }
                        journal.add(number)
                        if let place = handler.registration { loop.callAgain(place) }
                    }
                    handler.registration = try? loop.register(handler)
                    if let place = handler.registration { loop.callAgain(place) }
                }
                loop.call(after: 0) { journal.add(-1) }
                // Without turns, one would wait for ever.
                loop.call(after: 10_000_000_000) { isDone.open() }
            }
            isDone.wait()
        }
        let turns = journal.entries.filter { $0 >= 0 }
        #expect(turns.count >= 199)
        for index in turns.indices.dropFirst() { #expect(turns[index] != turns[index - 1]) }
        #expect(try #require(journal.entries.firstIndex(of: -1)) < 10)
    }

    @Test func stop_whenJoined_leavesNoThread() throws {
        try withLoop { loop in
            #expect(loop.ask { Self.threads(named: "test-stopped") } == 0)
            let stopped = try EventLoop(name: "test-stopped")
            let thread = try JoinableThread(name: stopped.name) { stopped.run() }
            #expect(stopped.ask { stopped.isCurrent } == true)
            #expect(Self.threads(named: "test-stopped") == 1)
            #expect(!stopped.isCurrent)
            #expect(stopped.isRunning)
            stopped.post { stopped.stop() }
            thread.join()
            // The kernel wakes the joining thread before it takes the thread out of /proc.
            #expect(eventually { Self.threads(named: "test-stopped") == 0 })
        }
    }

    private static func threads(named name: String) -> Int {
        guard let folder = opendir("/proc/self/task") else { return -1 }
        defer { closedir(folder) }
        var count = 0
        while let entry = readdir(folder) {
            let id = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let file = fopen("/proc/self/task/\(id)/comm", "r") else { continue }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 64)
            if fgets(&line, 64, file) != nil {
                let text = line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
                if String(decoding: text, as: UTF8.self) == name { count += 1 }
            }
        }
        return count
    }
}
