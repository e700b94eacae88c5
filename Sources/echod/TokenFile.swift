import Admin
import Basics
import EventLoops
import Logging
import Options
import Threads

/// The token of `--admin-token-file`.
///
/// The file is read again for every request with a token. It is small and local, so reading it costs less than the
/// request itself, and no change is missed: neither a rename, nor the swapped directory of a Kubernetes Secret, nor a
/// rewrite within one tick of the file system's clock. While the file cannot be used, the last good token stays.
final class TokenFile: BearerToken, Sendable {
    private struct State: Sendable {
        var token: [UInt8]
        /// Why the file cannot be used at present; logged once.
        var problem: UnusableFile?
    }

    private let path: String
    private let log: Logger
    private let state: Lock<State>

    init(path: String, log: Logger) throws(UnusableFile) {
        self.path = path
        self.log = log
        state = Lock(State(token: try AdminToken.read(path)))
    }

    func accepts(_ candidate: [UInt8]) -> Bool {
        Self.isEqual(candidate, current())
    }

    private func current() -> [UInt8] {
        do throws(UnusableFile) {
            let token = try AdminToken.read(path)
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

    /// The time depends only on the length of the candidate, so that a client cannot measure how much of it is right.
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
        notice("the admin token was reloaded", metadata: ["file": "\(path)"])
    }

    fileprivate func tokenUnusable(_ path: String, _ error: UnusableFile) {
        self.error(
            "the admin token file cannot be used; the previous token stays in force",
            metadata: ["file": "\(path)", "error": "\(error.problem)", "allowed": "\(AdminToken.allowed)"])
    }
}
