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

/// The one reason for which a connection ended (contract.md, section 4).
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
    /// A system call failed for no reason of the peer's.
    case internalError = "internal_error"
}

/// How `DELETE /connections/{id}` ends a connection.
package enum ConnectionCloseMode: String, Hashable, Sendable, CaseIterable {
    /// What was received is answered, then FIN and the linger, as in a drain's mode close. Outside a drain there is no
    /// deadline to complete a line by: an unfinished one is given up, as by the idle timeout.
    case close
    /// Reset at once; what that destroys is counted as lost.
    case abort
}

/// What keeps a connection from ending in a drain, or one that is served from being read (`peerRead`).
package enum Blocker: String, Hashable, Sendable, CaseIterable, Codable {
    case unreadInput = "unread_input"
    case partialLine = "partial_line"
    /// The peer's window is full: the kernel does not take all answers, or has not got all acknowledged.
    case peerRead = "peer_read"
    /// The server's FIN is sent, or the mode is wait.
    case peerClose = "peer_close"
    case spreadTurn = "spread_turn"
}
