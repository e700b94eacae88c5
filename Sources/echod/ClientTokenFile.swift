import AdminClient
import EventLoops
import Glibc

extension ClientAdmin.TokenFile {
    /// More than any token has.
    private static let limit = 4096

    /// The token in the file, read as the server reads it: one newline at the end is none of it.
    func read() throws(ClientOptionError) -> ClientToken {
        // Without waiting for whoever might write into a FIFO.
        let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard number >= 0 else { throw unusable("it cannot be opened: \(SystemCallError.text(of: errno))") }
        let file = FileDescriptor(owning: number)
        var status = stat()
        guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw unusable("it is not a regular file")
        }
        var bytes = try contents(file)
        if bytes.last == UInt8(ascii: "\n") {
            bytes.removeLast()
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        }
        guard !bytes.isEmpty else { throw unusable("it is empty") }
        // It becomes part of a header.
        guard bytes.allSatisfy({ $0 > 32 && $0 != 127 }) else {
            throw unusable("it holds white space or a control character, which no token has")
        }
        return ClientToken(bytes: bytes, isNamedOnCommandLine: isNamedOnCommandLine)
    }

    private func contents(_ file: borrowing FileDescriptor) throws(ClientOptionError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: Self.limit + 2)
        while bytes.count <= Self.limit + 1 {
            let count = Glibc.read(file.number, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw unusable("it cannot be read: \(SystemCallError.text(of: errno))") }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
        throw unusable("it is longer than \(Self.limit) bytes")
    }

    private func unusable(_ problem: String) -> ClientOptionError {
        ClientOptionError(
            option: "--admin-token-file", origin: origin, value: path, problem: problem,
            allowed: "a file that holds the token of the server's --admin-token-file")
    }
}
