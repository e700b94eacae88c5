/// What the service's process ends with (interface.md, section 6).
package enum ExitCode: Int, Hashable, Sendable, CaseIterable {
    case success = 0
    /// It could not start, or failed within.
    case failure = 1
    /// A connection was cut, nothing is counted as lost.
    case forced = 2
    /// Bytes were lost.
    case lost = 3
    /// EX_USAGE of sysexits.h: a value on the command line, in the environment or in the file does not parse.
    case badUsage = 64

    /// The code of a process whose last drain ended with `result`; nil for a drain that was taken back, which decides
    /// nothing.
    package init?(_ result: DrainResult) {
        switch result {
        case .clean: self = .success
        case .forced: self = .forced
        case .lost: self = .lost
        case .undrained: return nil
        }
    }
}
