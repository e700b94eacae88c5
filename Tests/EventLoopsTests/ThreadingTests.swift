import Glibc
import TestSupport
import Testing
import Threads

@testable import EventLoops

@Suite struct ThreadingTests {
    @Test func thread_hasItsNameAndHasEndedWhenJoined() throws {
        let journal = Journal<String>()
        let thread = try JoinableThread(name: "fifteen-bytes-x") {
            guard let file = fopen("/proc/thread-self/comm", "r") else { return }
            defer { fclose(file) }
            var name = [UInt8](repeating: 0, count: 32)
            let count = fread(&name, 1, 32, file)
            journal.add(String(decoding: name[..<count], as: UTF8.self))
        }
        thread.join()
        #expect(journal.entries == ["fifteen-bytes-x\n"])
    }

    @Test func fileDescriptor_closesAtItsEndUnlessReleased() throws {
        let number = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let kept = FileDescriptor(owning: number).release()
        #expect(fcntl(kept, F_GETFD) != -1)
        close(kept)
        let pair = try SocketPair()
        let copy = dup(pair.mine.number)
        try #require(copy >= 0)
        _ = pair.mine.shutdownWriting()
        do { _ = FileDescriptor(owning: copy) }
        // The number may be taken again by another test at once; the peer knows for certain.
        #expect(pair.theirs.receive(into: ScratchBuffer(capacity: 1), atMost: 1) == .bytes(0))
    }

    /// Directed at a thread that has it blocked, so that no other thread of the tests can take it.
    @Test func signal_comesAsACallOnTheLoop() throws {
        let journal = Journal<Int32>()
        let loop = try EventLoop(name: "signals")
        let isReady = Latch()
        let thread = try JoinableThread(name: loop.name) {
            SignalSource.block([SIGUSR1, SIGUSR2])
            loop.post {
                _ = try? SignalSource([SIGUSR1, SIGUSR2], on: loop) { number in
                    journal.add(loop.isCurrent ? number : -1)
                }
                isReady.open()
            }
            loop.run()
        }
        isReady.wait()
        for signal in [SIGUSR1, SIGUSR2, SIGUSR1] {
            let count = journal.entries.count
            loop.post { pthread_kill(pthread_self(), signal) }
            #expect(eventually { journal.entries.count == count + 1 })
        }
        loop.post { loop.stop() }
        thread.join()
        #expect(journal.entries == [SIGUSR1, SIGUSR2, SIGUSR1])
    }
}
