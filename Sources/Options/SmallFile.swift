internal import EventLoops
internal import Glibc

/// A file read whole: one named on the command line (the configuration or a token), or one of /proc and /sys. Whatever
/// the path leads to, reading neither hangs nor takes more memory than `limit`.
package struct SmallFile: Sendable {
    package var content: [UInt8]
    /// Permission bits.
    package var mode: UInt32

    /// Follows symbolic links, because a mounted Kubernetes Secret or ConfigMap consists of them. Blocks as long as the
    /// file system takes; these are local files.
    package init(path: String, limit: Int) throws(UnusableFile) {
        // Without O_NONBLOCK a FIFO would wait for its writer.
        let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard number >= 0 else { throw UnusableFile(problem: SystemCallError.text(of: errno)) }
        let descriptor = FileDescriptor(owning: number)
        var status = stat()
        guard fstat(descriptor.number, &status) == 0 else {
            throw UnusableFile(problem: SystemCallError.text(of: errno))
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw UnusableFile(problem: "this is not a regular file") }
        mode = status.st_mode & 0o7777
        content = try Self.read(descriptor.number, limit: limit)
    }

    /// The size is not trusted: the file may grow meanwhile, and files of /proc have none.
    private static func read(_ number: Int32, limit: Int) throws(UnusableFile) -> [UInt8] {
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(number, &part, part.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw UnusableFile(problem: SystemCallError.text(of: errno)) }
            if count == 0 { return content }
            content += part.prefix(count)
            guard content.count <= limit else { throw UnusableFile(problem: "the file is larger than \(limit) bytes") }
        }
    }
}

/// Why a file cannot be used, for a person.
package struct UnusableFile: Error, Hashable, Sendable {
    package var problem: String
}
