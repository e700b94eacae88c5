import Glibc
import Testing

@testable import Logs

/// A pair of connected descriptors of some kind, closed at the end.
private final class Channel {
    private(set) var reading: Int32
    let writing: Int32

    init?(_ make: (UnsafeMutablePointer<Int32>) -> Int32) {
        var ends: [Int32] = [-1, -1]
        guard ends.withUnsafeMutableBufferPointer({ $0.baseAddress.map(make) }) == 0 else { return nil }
        reading = ends[0]
        writing = ends[1]
    }

    static func pipe() -> Channel? { Channel { Glibc.pipe($0) } }

    static func socketPair() -> Channel? {
        Channel { socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, $0) }
    }

    /// What waits to be read.
    func read() -> String {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        var total = 0
        var question = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
        while total < bytes.count, poll(&question, 1, 0) == 1 {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(reading, $0.baseAddress?.advanced(by: total), 4096) }
            guard count > 0 else { break }
            total += count
        }
        return String(decoding: bytes[..<total], as: UTF8.self)
    }

    func closeReader() {
        close(reading)
        reading = -1
    }

    deinit {
        if reading >= 0 { close(reading) }
        close(writing)
    }
}

@Suite struct LogSinkTests {
    private let line = [UInt8](("x" + String(repeating: "y", count: 298) + "\n").utf8)

    /// Neither a pipe nor a socket that nobody reads holds the writer up, and what was written is whole lines.
    @Test(.timeLimit(.minutes(1)), arguments: [true, false]) func fullDescriptor_refusesLines(isPipe: Bool) throws {
        let channel = try #require(isPipe ? Channel.pipe() : Channel.socketPair())
        let sink = StandardErrorSink(descriptor: channel.writing)
        var written = 0
        while written < 100_000, sink.write(line) { written += 1 }
        #expect((1..<100_000).contains(written))
        #expect(!sink.write(line))
        let whole = channel.read().split(separator: "\n").filter { $0.utf8.count == 299 }
        #expect(whole.count == written)
        #expect(sink.write(line))
    }

    /// The way for a pipe that cannot be opened again.
    @Test(.timeLimit(.minutes(1))) func fullPipe_polled_refusesLines() throws {
        let channel = try #require(Channel.pipe())
        let sink = StandardErrorSink(descriptor: channel.writing, opensAgain: false)
        var written = 0
        while written < 100_000, sink.write(line) { written += 1 }
        #expect((1..<100_000).contains(written))
        #expect(channel.read().split(separator: "\n").count == written)
        #expect(sink.write(line))
    }

    /// The description is shared with the parent process.
    @Test func sharedDescription_staysBlocking() throws {
        let channel = try #require(Channel.pipe())
        let sink = StandardErrorSink(descriptor: channel.writing)
        #expect(sink.write(line))
        #expect(fcntl(channel.writing, F_GETFL) & O_NONBLOCK == 0)
    }

    @Test(arguments: [true, false]) func readerGone_isTolerated(opensAgain: Bool) throws {
        signal(SIGPIPE, SIG_IGN)
        let channel = try #require(Channel.pipe())
        let sink = StandardErrorSink(descriptor: channel.writing, opensAgain: opensAgain)
        channel.closeReader()
        #expect(!sink.write(line))
    }

    @Test func closedDescriptor_isTolerated() {
        #expect(!StandardErrorSink(descriptor: 1_000_000).write(line))
    }
}
