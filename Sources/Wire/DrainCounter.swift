/// What the record of a drain counts, by its name in the status object. The log line at the end of a drain, the schema
/// and the shards' counters are derived from this list, and the status table from `row`.
package enum DrainCounter: String, Hashable, Sendable, CaseIterable {
    /// Connections that either side ended while the drain ran.
    case closed
    /// Connections that the drain began to close.
    case atMark = "at_mark"
    /// Connections taken from the accept queue after the drain began.
    case fromBacklog = "from_backlog"
    /// Input bytes of complete lines that were received by the mark and never answered.
    case lostReceived = "lost_received"
    /// Output bytes that were never acknowledged.
    case lostSent = "lost_sent"
    /// Bytes of lines that were never completed.
    case incomplete
    /// Bytes that came after the server's FIN.
    case lateDiscarded = "late_discarded"
    /// Bytes of answers that a peer's reset threw away.
    case abandonedByPeer = "abandoned_by_peer"

    /// Its row in the status table; nil for the counters that the table shows in other rows.
    package var row: (label: String, meaning: String)? {
        switch self {
        case .closed, .atMark, .fromBacklog, .lostReceived, .lostSent: nil
        case .incomplete: ("incomplete", "bytes of unfinished lines")
        case .lateDiscarded: ("late", "bytes discarded")
        case .abandonedByPeer: ("abandoned", "bytes thrown away by peers' resets")
        }
    }
}
