import Glibc
import TestSupport
import Testing
import Threads

@testable import EventLoops

/// Calls `body` with a loop that runs on a thread of its own, which is stopped and joined afterwards.
func withLoop<Result>(_ body: (EventLoop) throws -> Result) throws -> Result {
    let loop = try EventLoop(name: "test-loop")
    let thread = try JoinableThread(name: loop.name) { loop.run() }
    let result = Swift.Result { try body(loop) }
    loop.post { loop.stop() }
    thread.join()
    return try result.get()
}

extension EventLoop {
    /// Calls `body` on the loop and waits for what it returns.
    func ask<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value? {
        let answer = Lock<Value?>(nil)
        let isDone = Latch()
        post {
            let value = body()
            answer.withLock { $0 = value }
            isDone.open()
        }
        isDone.wait()
        return answer.withLock { $0 }
    }
}

/// Does in a loop what a test tells it to.
final class ClosureHandler: ReadinessHandler {
    var onReadiness: (Readiness) -> Void = { _ in }
    var onTimer: () -> Void = {}
    var registration: Registration?

    func readinessChanged(_ readiness: Readiness) { onReadiness(readiness) }
    func timerFired() { onTimer() }
}

/// What handlers of a loop have said, in order.
final class Journal<Entry: Sendable>: Sendable {
    private let lock = Lock<[Entry]>([])

    func add(_ entry: Entry) { lock.withLock { $0.append(entry) } }

    var entries: [Entry] { lock.withLock { $0 } }
}

/// Two Unix sockets that are connected, the first for a loop.
final class SocketPair: Sendable {
    let mine: Socket
    let theirs: Socket

    init() throws {
        var numbers: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &numbers) == 0 else { throw SocketError("socketpair") }
        mine = Socket(owning: numbers[0])
        theirs = Socket(owning: numbers[1])
    }
}
