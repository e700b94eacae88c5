import Glibc
import Logging
import TestSupport
import Testing
import Threads
import Wire

@testable import EchoServer
@testable import EventLoops

/// The shard owns its connections: it waits for each of them, and leaves nothing behind.
@Suite struct ShardTests {
    @Test func run_whenFinishedWithoutConnections_returns() throws {
        try Running().finishAndJoin()
    }

    @Test func run_whenFinishedWithAConnection_servesItUntilItEnds() throws {
        let shard = try Running()
        let client = try shard.admitClient()
        shard.handle.post { $0.finish() }
        // The answer shows that the loop still turns after it was told to finish.
        #expect(client.answer(to: "still here\n") == "STILL HERE\n")
        #expect(!shard.hasReturned)
        client.close()
        shard.join()
        #expect(shard.counters.ended(.peerClosed) == 1)
    }

    @Test func run_whenAClientComesAfterFinish_servesItToo() throws {
        let shard = try Running()
        let first = try shard.admitClient()
        shard.handle.post { $0.finish() }
        let late = try shard.admitClient()
        first.close()
        #expect(late.answer(to: "late\n") == "LATE\n")
        late.close()
        shard.join()
        #expect(shard.counters.ended == 2)
    }

    @Test func run_whenConnectionsAreCut_closesEveryDescriptorBeforeItReturns() throws {
        let shard = try Running()
        let clients = try (0..<50).map { _ in try shard.admitClient() }
        shard.handle.post { $0.cut(resetAll: true) }
        shard.finishAndJoin()
        // The peer of a pair reads an end only when no copy of the other descriptor is open.
        for client in clients { #expect(client.isAtEnd) }
        #expect(shard.counters.ended(.forced) == 50)
    }

    /// Ends of one turn are one report, however many there are, and the report finds all of them counted.
    @Test func endsOfOneTurn_areReportedOnce() throws {
        let shard = try Running()
        for _ in 0..<20 { _ = try shard.admitClient() }
        let counters = shard.counters
        let reports = Lock<[UInt64]>([])
        shard.handle.post { $0.reportEmptiness { reports.withLock { $0.append(counters.ended) } } }
        shard.handle.post { $0.cut(resetAll: true) }
        shard.finishAndJoin()
        // `finish` looks once more.
        #expect(reports.withLock { Set($0) } == [20])
        #expect(reports.withLock { $0.count } <= 2)
    }
}

/// A shard on a loop and a thread of its own, and clients that reach it without a listener.
private final class Running {
    let counters = ShardCounters()
    let handle: ShardHandle
    private let state = Lock(false)
    private var thread: JoinableThread?
    private var clients: UInt64 = 0

    init() throws {
        let loop = try EventLoop(name: "test-shard")
        let shard = Shard(
            loop: loop, counters: counters, configuration: .test(),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        handle = ShardHandle(shard, loop: loop, counters: counters)
        thread = try JoinableThread(name: loop.name) { [handle, state] in
            handle.run()
            state.withLock { $0 = true }
        }
    }

    var hasReturned: Bool { state.withLock { $0 } }

    func admitClient() throws -> PairedClient {
        var numbers: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, type, 0, &numbers) == 0)
        _ = fcntl(numbers[1], F_SETFL, O_NONBLOCK)
        clients += 1
        let socket = AcceptedSocket(number: numbers[1], peer: .unix(path: nil))
        handle.admit([Arrival(id: clients, socket: socket, local: nil, isRefused: false)])
        return PairedClient(numbers[0])
    }

    func finishAndJoin() {
        handle.post { $0.finish() }
        join()
    }

    func join() {
        thread.take()?.join()
    }
}

private final class PairedClient {
    private var descriptor: FileDescriptor?

    init(_ number: Int32) {
        descriptor = FileDescriptor(owning: number)
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    var isAtEnd: Bool {
        guard let number = descriptor?.number else { return false }
        var byte: UInt8 = 0
        let count = recv(number, &byte, 1, 0)
        return count == 0 || count < 0 && errno == ECONNRESET
    }

    func answer(to line: String) -> String {
        guard let number = descriptor?.number else { return "" }
        let bytes = Array(line.utf8)
        guard send(number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return "" }
        return String(decoding: read(), as: UTF8.self)
    }

    func close() {
        _ = descriptor.take()
    }

    private func read() -> [UInt8] {
        guard let number = descriptor?.number else { return [] }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = recv(number, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : []
    }
}
