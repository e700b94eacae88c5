/// How bytes are answered (contract.md, section 2).
package enum EchoMode: String, Hashable, Sendable, CaseIterable, Codable {
    /// Each line stripped and upper-cased.
    case upper
    /// Byte for byte (RFC 862).
    case verbatim
}

/// Where a connection is in its life.
package enum ConnectionState: String, Hashable, Sendable, CaseIterable, Codable {
    case open
    /// The server has begun to close it: it was marked, or the server's FIN is sent.
    case closing
    /// The peer has sent its FIN and still gets answers.
    case halfClosed = "half_closed"
    case closed
}

/// The single reason why a connection ended (contract.md, section 4).
package enum CloseReason: String, Hashable, Sendable, CaseIterable, Codable {
    case peerClosed = "peer_closed"
    case drained
    case idle
    case lineTooLong = "line_too_long"
    case invalidUTF8 = "invalid_utf8"
    case adminClosed = "admin_closed"
    case resetByPeer = "reset_by_peer"
    case writeStalled = "write_stalled"
    case forced
    case refused
    /// A system call failed, and the peer was not the cause.
    case internalError = "internal_error"
}

/// How `DELETE /connections/{id}` ends a connection.
package enum ConnectionCloseMode: String, Hashable, Sendable, CaseIterable {
    /// The server answers what it has received, sends FIN and lingers, as in a drain of mode close. Outside a drain
    /// there is no deadline for completing a line: an unfinished one is given up, as after the idle timeout.
    case close
    /// The server resets the connection at once; what the reset destroys is counted as lost.
    case abort
}

/// What keeps a connection from ending in a drain. `peerRead` also keeps a connection that is being served from being
/// read.
package enum Blocker: String, Hashable, Sendable, CaseIterable, Codable {
    case unreadInput = "unread_input"
    case partialLine = "partial_line"
    /// The peer's window is full: the kernel does not take all answers, or not all of them have been acknowledged.
    case peerRead = "peer_read"
    /// The server's FIN is sent, or the mode is wait.
    case peerClose = "peer_close"
    case spreadTurn = "spread_turn"
}
