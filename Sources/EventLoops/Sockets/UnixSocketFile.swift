internal import CLinux
internal import Glibc

/// The file of a Unix listener: it is created with a mode, replaces a stale file, and is removed at the end if it is
/// still ours.
package struct UnixSocketFile: Sendable {
    private let path: String
    private let device: UInt
    private let inode: UInt

    /// Binds and listens at `path`.
    package static func listen(at path: String, mode: UInt32) throws(SystemCallError) -> ListeningSocket {
        let socket = try bind(at: path, mode: mode)
        try socket.listen()
        return socket
    }

    /// Binds at `path`. An existing file is replaced only if it is a socket on which nobody answers; otherwise the
    /// error is EADDRINUSE, or EEXIST for a file of another kind.
    package static func bind(at path: String, mode: UInt32) throws(SystemCallError) -> ListeningSocket {
        let address = SocketAddress.unix(path: path)
        try removeStale(path, address)
        // Nobody may connect before the mode is set: the file is created without permissions.
        let previous = umask(0o777)
        defer { umask(previous) }
        let socket = try ListeningSocket(binding: address)
        guard chmod(path, mode_t(mode)) == 0 else { throw SystemCallError(call: "chmod", code: errno) }
        return socket
    }

    /// Remembers which file is at `path` now.
    package init(_ path: String) throws(SystemCallError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw SystemCallError(call: "lstat", code: errno) }
        self.path = path
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
    }

    /// Removes the file unless another one has taken its place.
    package func remove() {
        var status = stat()
        guard lstat(path, &status) == 0, UInt(status.st_dev) == device, UInt(status.st_ino) == inode else { return }
        unlink(path)
    }

    private static func removeStale(_ path: String, _ address: SocketAddress) throws(SystemCallError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        let inUse = SystemCallError(call: "bind", code: EADDRINUSE)
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw SystemCallError(call: "bind", code: EEXIST) }
        let probe = try Socket(family: AF_UNIX)
        let number = probe.number
        let code = try address.withSockaddr { (pointer, length) throws(SystemCallError) -> Int32 in
            connect(number, pointer, length) == 0 ? 0 : errno
        }
        guard code == ECONNREFUSED else { throw inUse }
        unlink(path)
    }
}
