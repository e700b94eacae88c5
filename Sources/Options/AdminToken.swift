/// Reads the file of `--admin-token-file`.
package enum AdminToken {
    package static let allowed =
        "a regular file of 16 to 4096 printable ASCII bytes, not readable by others (chmod 0600 or 0640)"
    private static let longest = 4096

    /// The token of a server: others cannot read it, and it is long enough not to be guessed.
    package static func read(_ path: String) throws(UnusableFile) -> [UInt8] {
        let file = try SmallFile(path: path, limit: longest)
        guard file.mode & 0o006 == 0 else {
            let mode = "0" + String(file.mode, radix: 8)
            throw UnusableFile(problem: "others may read or write the file (world-readable, mode \(mode))")
        }
        let token = try token(of: file)
        guard token.count >= 16 else {
            throw UnusableFile(problem: "the token has only \(token.count) bytes; at least 16 are needed")
        }
        return token
    }

    /// The token of a client. The server checks mode and length at its start; checking them here would only keep a
    /// person from draining it.
    package static func readForSending(_ path: String) throws(UnusableFile) -> [UInt8] {
        let token = try token(of: SmallFile(path: path, limit: longest))
        guard !token.isEmpty else { throw UnusableFile(problem: "the file is empty") }
        return token
    }

    /// The bytes without one newline at the end.
    private static func token(of file: SmallFile) throws(UnusableFile) -> [UInt8] {
        var token = file.content
        if token.last == UInt8(ascii: "\n") {
            token.removeLast()
            if token.last == UInt8(ascii: "\r") { token.removeLast() }
        }
        guard token.allSatisfy({ (33...126).contains($0) }) else {
            throw UnusableFile(
                problem: "the token has bytes that no HTTP header can carry, such as a space or a newline")
        }
        return token
    }
}
