import Glibc
import Wire

/// What a signal means to this process.
enum ProcessSignal: Hashable, Sendable {
    /// Drain and exit, or exit at once.
    case end(TerminationSignal)
    /// Read the configuration file again.
    case reload
    case logStatus

    /// All signals that are blocked from the start and read from a descriptor.
    static let watched: [Int32] = [SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1]

    /// nil for a signal that is not watched.
    init?(_ number: Int32, launchContext: LaunchContext) {
        switch number {
        case SIGTERM: self = .end(.terminate)
        case SIGINT: self = .end(.interrupt)
        case SIGQUIT: self = .end(.quit)
        case SIGHUP: self = launchContext.hangUpEnds ? .end(.terminate) : .reload
        case SIGUSR1: self = .logStatus
        default: return nil
        }
    }

    /// Without `SIG`, as people write it.
    static func name(_ number: Int32) -> String {
        let names = [SIGTERM: "TERM", SIGINT: "INT", SIGQUIT: "QUIT", SIGHUP: "HUP", SIGUSR1: "USR1"]
        return names[number] ?? "\(number)"
    }
}
