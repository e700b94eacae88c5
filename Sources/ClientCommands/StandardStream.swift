internal import EventLoops
internal import Glibc

/// Standard output and error, unbuffered: for texts of commands, not for logs.
package enum StandardStream: Int32 {
    case output = 1
    case error = 2

    /// Writes all of it, however slow the reader is. Throws when that fails: a full disk, a closed pipe.
    func write(_ text: String) throws(SystemCallError) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(rawValue, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR: continue
            // Another process that shares the terminal or the pipe has set O_NONBLOCK.
            case EAGAIN: awaitRoom()
            case let code: throw SystemCallError(call: "write", code: code)
            }
        }
    }

    private func awaitRoom() {
        var descriptor = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
        poll(&descriptor, 1, -1)
    }

    /// Opens those of 0, 1 and 2 that the process was started without. Otherwise the next descriptor, a client's or the
    /// report's, would become standard error and receive the log.
    package static func occupyClosedOnes() {
        var number = open("/dev/null", O_RDWR)
        while (0...2).contains(number) { number = open("/dev/null", O_RDWR) }
        if number > 2 { close(number) }
    }
}

/// Standard output did not take the whole text of a command.
struct UnwritableOutput: Error, CustomStringConvertible {
    let cause: SystemCallError

    var description: String { "cannot write to standard output: \(SystemCallError.text(of: cause.code))" }

    /// The reader left, as `head` does when it has enough: this is not an error for a person.
    var isClosedPipe: Bool { cause.code == EPIPE }

    /// Ends the process as a closed pipe ends every other program: quietly, and so that a shell with `pipefail` sees
    /// that not everything was read. SIGPIPE itself would leave no choice to a command that has more to do.
    static func dieOfClosedPipe() -> Never { SignalSource.die(of: SIGPIPE) }
}
