internal import Basics
internal import EventLoops
internal import Wire

/// A connection as a loop hands it out: raw, so that no text is made on the loop.
struct ConnectionRow: Sendable {
    var id: UInt64
    var peer: SocketAddress
    var local: SocketAddress
    /// Nanoseconds of CLOCK_MONOTONIC.
    var openedAt: Int64
    var lastActivity: Int64
    /// For a closed connection; its age and idleness no longer grow then.
    var endedAt: Int64?
    /// Nanoseconds of CLOCK_REALTIME.
    var openedAtUnix: Int64
    var state: ConnectionState
    var reason: CloseReason?
    var blocker: Blocker?
    var lines: UInt64
    var received: UInt64
    var sent: UInt64
    var lateDiscarded: UInt64
    var partialLine: Int?
    var unread: Int
    var unacked: Int

    func info(mode: EchoMode, now: Int64) -> ConnectionInfo {
        let until = endedAt ?? now
        return ConnectionInfo(
            id: id, peer: peer.description, local: local.description, mode: mode,
            openedAt: Timestamp.text(unixNanoseconds: openedAtUnix), age: .nanoseconds(until - openedAt),
            idle: .nanoseconds(max(0, until - lastActivity)), state: state, reason: reason, blockedOn: blocker,
            lines: lines, received: received, sent: sent, lateDiscarded: lateDiscarded, partialLine: partialLine,
            unread: unread, unacked: unacked)
    }
}
