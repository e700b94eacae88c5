/// How a log line is written to stderr.
package enum LogFormat: String, Hashable, Sendable, CaseIterable {
    /// `2026-11-21T12:00:00.123Z info  serving listen=127.0.0.1:8888`
    case text
    /// One object on a line.
    case json
}
