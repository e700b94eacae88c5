import EventLoops
import Glibc
import Threads

/// The file of `--report`: opened at the start, so that a wrong path is noticed then, and written in place once, at the
/// end. Until then it keeps its content: a process that is killed leaves the previous process's report.
///
/// It is never replaced or renamed: a `/dev/termination-log` is a mount that can only be written to. Anything but a
/// regular file is written without blocking, so that neither a FIFO nor a terminal holds up the end.
final class ReportFile: Sendable {
    private let path: String
    private let descriptor: FileDescriptor
    private let isRegular: Bool
    /// The orderly and the immediate end may meet: the second waits for the first, so that the process does not
    /// go away between the truncation and the write. That is why this lock is held over system calls.
    private let isWritten = Lock(false)

    /// Creates the file if it does not exist; keeps what it holds.
    init(path: String) throws(ReportError) {
        self.path = path
        let number = Self.open(path)
        guard number >= 0 else { throw ReportError(action: "open", path: path, code: errno) }
        descriptor = FileDescriptor(owning: number)
        var status = stat()
        isRegular = fstat(number, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Only the first call writes.
    func write(_ line: [UInt8]) throws(ReportError) {
        let code = isWritten.withLock { isWritten -> Int32 in
            if isWritten { return 0 }
            isWritten = true
            return overwrite(line)
        }
        if code != 0 { throw ReportError(action: "write", path: path, code: code) }
    }

    private static func open(_ path: String) -> Int32 {
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        let number = Glibc.open(path, flags, 0o644)
        guard number < 0 && errno == ENXIO else { return number }
        // A FIFO that has no reader yet. It can be opened while echod itself is its reader for an instant; whether
        // another process reads it shows at the end. Anything else that gives ENXIO (a socket) gives the same error
        // again here.
        let reader = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { if reader >= 0 { close(reader) } }
        return Glibc.open(path, flags, 0o644)
    }

    /// 0, or the errno of what failed. A report that is only partly written is removed again: it would not be JSON.
    private func overwrite(_ line: [UInt8]) -> Int32 {
        if isRegular && ftruncate(descriptor.number, 0) != 0 { return errno }
        var start = 0
        while start < line.count {
            let count = line.withUnsafeBytes { bytes in
                Glibc.write(descriptor.number, bytes.baseAddress.map { $0 + start }, bytes.count - start)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let code = count < 0 ? errno : EIO
                if isRegular { _ = ftruncate(descriptor.number, 0) }
                return code
            }
            start += count
        }
        return 0
    }
}

/// The report cannot be opened or written.
struct ReportError: Error, Hashable, CustomStringConvertible {
    let action: String
    let path: String
    let code: Int32

    var description: String {
        "cannot \(action) the report file \(path) (--report): \(SystemCallError.text(of: code))"
    }
}
