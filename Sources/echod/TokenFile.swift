import Admin
import EventLoops
import Logging

/// The token of `--admin-token-file`.
///
/// The file is read again for every token that is to be judged. It is small and on this host, that costs less than the
/// request itself, and no change can be missed: neither a rename, nor the swapped directory of a Kubernetes Secret, nor
/// a rewrite within one tick of the file system's clock. While what is there does not do, the last token that did
/// stays.
final class TokenFile: BearerToken, Sendable {
    static let allowed =
        "a regular file of 16 to 4096 printable ASCII bytes, not readable by others (chmod 0600 or 0640)"
    private static let longest = 4096

    private struct State: Sendable {
        var token: [UInt8]
        /// Why the file does not do at present; told once.
        var problem: UnusableFile?
    }

    private let path: String
    private let log: Logger
    private let state: Lock<State>

    init(path: String, log: Logger) throws(UnusableFile) {
        self.path = path
        self.log = log
        state = Lock(State(token: try Self.read(path)))
    }

    func accepts(_ candidate: [UInt8]) -> Bool {
        Self.isEqual(candidate, current())
    }

    /// The token of a server: kept from others, and long enough not to be guessed.
    static func read(_ path: String) throws(UnusableFile) -> [UInt8] {
        let file = try SmallFile(path: path, limit: longest)
        guard file.mode & 0o006 == 0 else {
            let mode = "0" + String(file.mode, radix: 8)
            throw UnusableFile(problem: "others may read or write the file (world-readable, mode \(mode))")
        }
        let token = try token(of: file)
        guard token.count >= 16 else {
            throw UnusableFile(problem: "the token is only \(token.count) bytes long, and at least 16 are needed")
        }
        return token
    }

    /// The token of a client. Mode and length are the server's to judge, at its start: here they would only keep
    /// somebody from draining it.
    static func readForSending(_ path: String) throws(UnusableFile) -> [UInt8] {
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
                problem: "the token has bytes that no HTTP header can carry, such as a blank or a newline")
        }
        return token
    }

    private func current() -> [UInt8] {
        do throws(UnusableFile) {
            let token = try Self.read(path)
            let isNew = state.withLock { state in
                defer { state = State(token: token) }
                return state.token != token || state.problem != nil
            }
            if isNew { log.tokenRead(path) }
            return token
        } catch {
            let (token, isNew) = state.withLock { state in
                defer { state.problem = error }
                return (state.token, state.problem != error)
            }
            if isNew { log.tokenUnusable(path, error) }
            return token
        }
    }

    /// Takes as long as the candidate is, whatever it holds: how far it agrees with the token cannot be measured.
    private static func isEqual(_ candidate: [UInt8], _ token: [UInt8]) -> Bool {
        var difference: UInt8 = candidate.count == token.count ? 0 : 1
        for (index, byte) in candidate.enumerated() {
            difference |= byte ^ token[index % token.count]
        }
        return difference == 0
    }
}

extension Logger {
    fileprivate func tokenRead(_ path: String) {
        notice("the admin token was read again", metadata: ["file": "\(path)"])
    }

    fileprivate func tokenUnusable(_ path: String, _ error: UnusableFile) {
        self.error(
            "the admin token file cannot be used any more, the token before stays",
            metadata: ["file": "\(path)", "error": "\(error.problem)", "allowed": "\(TokenFile.allowed)"])
    }
}
