internal import Glibc
internal import Synchronization

/// Takes whole log lines. Called from any thread, event loops included: never blocks for long.
package protocol LogSink: Sendable {
    /// Returns whether the line was written, whole.
    func write(_ line: [UInt8]) -> Bool
}

/// Standard error, one system call per line. When nobody reads it, the line is not written. Expects SIGPIPE to be
/// ignored; a reader that is gone (EPIPE) counts as one that does not read.
///
/// Standard error is shared with the parent process, so O_NONBLOCK must not be set on it: it belongs to the open file
/// description and would make the parent's writes fail. The way to write without blocking depends on the kind of
/// descriptor (`Channel`).
package final class StandardErrorSink: LogSink {
    private let channel: Channel
    /// The last line was cut in the middle, which can happen on terminals and stream sockets, never on pipes.
    private let isCut = Atomic<Bool>(false)

    package convenience init(descriptor: Int32 = STDERR_FILENO) {
        self.init(descriptor: descriptor, opensAgain: true)
    }

    /// For tests, which cannot become another user for whom opening again fails.
    init(descriptor: Int32, opensAgain: Bool) {
        channel = Channel(descriptor, opensAgain: opensAgain)
    }

    deinit { channel.close() }

    package func write(_ line: [UInt8]) -> Bool {
        let endsCutLine = isCut.load(ordering: .relaxed) && isCut.exchange(false, ordering: .relaxed)
        let bytes = endsCutLine ? [UInt8(ascii: "\n")] + line : line
        let written = channel.write(bytes)
        if written == bytes.count { return true }
        if written > 0 || endsCutLine { isCut.store(true, ordering: .relaxed) }
        return false
    }
}

extension StandardErrorSink {
    /// How to write to a descriptor without being held up by its reader.
    private final class Channel: Sendable {
        private enum Way {
            /// Our own description of the same pipe or terminal, opened again with O_NONBLOCK.
            case own(Int32)
            /// A socket takes the flag per call (systemd's journal is one).
            case socket(Int32)
            /// A file does not wait for a reader.
            case plain(Int32)
            /// A pipe or terminal that may not be opened again (another user's): ask poll before each write.
            case polled(Int32)
        }

        private let way: Way
        /// Only for `polled`: between the poll and the write no other thread may take the room.
        private let isBusy = Atomic<Bool>(false)

        init(_ descriptor: Int32, opensAgain: Bool) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else {
                way = .plain(descriptor)
                return
            }
            switch status.st_mode & S_IFMT {
            case S_IFSOCK: way = .socket(descriptor)
            case S_IFIFO, S_IFCHR:
                let flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
                let own = opensAgain ? open("/proc/self/fd/\(descriptor)", flags) : -1
                way = own >= 0 ? .own(own) : .polled(descriptor)
            default: way = .plain(descriptor)
            }
        }

        func close() {
            if case .own(let descriptor) = way { Glibc.close(descriptor) }
        }

        /// Returns the number of bytes written, negative after an error.
        func write(_ line: [UInt8]) -> Int {
            switch way {
            case .own(let descriptor), .plain(let descriptor):
                return uninterrupted { Glibc.write(descriptor, line, line.count) }
            case .socket(let descriptor):
                let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
                return uninterrupted { send(descriptor, line, line.count, flags) }
            case .polled(let descriptor):
                return writePolled(descriptor, line)
            }
        }

        private func writePolled(_ descriptor: Int32, _ line: [UInt8]) -> Int {
            // The holder needs two system calls and never waits: yielding a few times outlives it, or it was
            // preempted, and then dropping a line is better than spinning.
            var patience = 100
            while isBusy.exchange(true, ordering: .acquiring) {
                patience -= 1
                guard patience > 0 else { return -1 }
                sched_yield()
            }
            defer { isBusy.store(false, ordering: .releasing) }
            var question = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard uninterrupted({ Int(poll(&question, 1, 0)) }) == 1, question.revents & Int16(POLLOUT) != 0 else {
                return -1
            }
            return uninterrupted { Glibc.write(descriptor, line, line.count) }
        }

        private func uninterrupted(_ call: () -> Int) -> Int {
            while true {
                let result = call()
                if result >= 0 || errno != EINTR { return result }
            }
        }
    }
}
