import EchoCore
import Glibc

/// What a signal means to this process.
enum ProcessSignal: Hashable, Sendable {
    /// The process is to end.
    case end(TerminationSignal)
    /// The configuration file is to be read again.
    case reload
    case logStatus

    /// All that are blocked from the start and read from a descriptor.
    static let watched: [Int32] = [SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1]

    /// nil for a signal that is not watched.
    init?(_ number: Int32, surroundings: Surroundings) {
        switch number {
        case SIGTERM: self = .end(.terminate)
        case SIGINT: self = .end(.interrupt)
        case SIGQUIT: self = .end(.quit)
        case SIGHUP: self = surroundings.hangUpEnds ? .end(.terminate) : .reload
        case SIGUSR1: self = .logStatus
        default: return nil
        }
    }

    /// As people write it, without `SIG`.
    static func name(_ number: Int32) -> String {
        let names = [SIGTERM: "TERM", SIGINT: "INT", SIGQUIT: "QUIT", SIGHUP: "HUP", SIGUSR1: "USR1"]
        return names[number] ?? "\(number)"
    }
}

/// Who started the process, as it looked at the start.
struct Surroundings: Hashable, Sendable {
    /// HUP is the end of the session and not a wish for a reload: standard input was a terminal. Not under nohup(1) or
    /// `trap '' HUP`, which ignore it on purpose; a blocked signal would be read all the same.
    var hangUpEnds: Bool
    /// A person reads standard error, and is told what Ctrl-C began. It is standard error that counts, because that is
    /// where the words go: with `2>log` nobody reads them, with `</dev/null` somebody does.
    var hasReader: Bool

    init(hangUpEnds: Bool = false, hasReader: Bool = false) {
        self.hangUpEnds = hangUpEnds
        self.hasReader = hasReader
    }

    /// Those of this process. Before anything changes what HUP does.
    static func ofThisProcess() -> Surroundings {
        var hangUp = sigaction()
        let isIgnored =
            sigaction(SIGHUP, nil, &hangUp) == 0
            && unsafeBitCast(hangUp.__sigaction_handler.sa_handler, to: Int.self) == Self.ignored
        return Surroundings(
            hangUpEnds: isatty(STDIN_FILENO) == 1 && !isIgnored, hasReader: isatty(STDERR_FILENO) == 1)
    }

    /// SIG_IGN as the number it is: C compares handlers, Swift cannot compare functions.
    private static let ignored = 1
}
