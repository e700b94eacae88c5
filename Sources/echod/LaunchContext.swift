import Glibc

/// Whether a person at a terminal started the process.
struct LaunchContext: Hashable, Sendable {
    /// HUP means the end of the session, not a request to reload: standard input was a terminal. False under nohup(1)
    /// or `trap '' HUP`, which ignore HUP on purpose; because HUP is blocked here, it would be read all the same.
    var hangUpEnds: Bool
    /// A person reads standard error, and is told what Ctrl-C began. Standard error decides, because the notices go
    /// there: false with `2>log`, true with `</dev/null`.
    var hasReader: Bool

    init(hangUpEnds: Bool = false, hasReader: Bool = false) {
        self.hangUpEnds = hangUpEnds
        self.hasReader = hasReader
    }

    /// The context of this process. Must be called before anything changes what HUP does.
    static func ofThisProcess() -> LaunchContext {
        var hangUp = sigaction()
        let isIgnored =
            sigaction(SIGHUP, nil, &hangUp) == 0
            && unsafeBitCast(hangUp.__sigaction_handler.sa_handler, to: Int.self) == Self.ignored
        return LaunchContext(
            hangUpEnds: isatty(STDIN_FILENO) == 1 && !isIgnored, hasReader: isatty(STDERR_FILENO) == 1)
    }

    /// SIG_IGN as a number: C compares handlers, Swift cannot compare functions.
    private static let ignored = 1
}

/// The environment of this process.
enum ProcessEnvironment {
    /// The variables of this process; for a repeated name the first one, as in getenv(3).
    static func current() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                let name = String(text[..<equals])
                if variables[name] == nil { variables[name] = String(text[text.index(after: equals)...]) }
            }
            next += 1
        }
        return variables
    }
}
