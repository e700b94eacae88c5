package import EchoCore

extension ConnectionPage {
    /// Reads the answer of `GET /connections`.
    package init(json: [UInt8]) throws(ReadingError) {
        let page = try decode(PageObject.self, from: json, what: "a list of connections")
        self.init(connections: page.connections.map(\.connection), next: page.next, total: page.total)
    }
}

private struct PageObject: Decodable {
    let connections: [ConnectionObject]
    let next: UInt64?
    let total: Int
}

private struct ConnectionObject: Decodable {
    let ageMs, idleMs: Milliseconds
    let blockedOn: Name<Blocker>?
    let id, lateDiscarded, lines, received, sent: UInt64
    let local, peer: String
    let mode: Name<EchoMode>
    let partialLine: Int?
    let reason: Name<CloseReason>?
    let state: Name<ConnectionState>
    let unacked, unread: Int

    var connection: ConnectionInfo {
        // No table shows when it was opened: its age is easier to read.
        ConnectionInfo(
            id: id, peer: peer, local: local, mode: mode.value, openedAtUnixNanoseconds: 0,
            age: ageMs.duration, idle: idleMs.duration, state: state.value, reason: reason?.value,
            blockedOn: blockedOn?.value, lines: lines, received: received, sent: sent, lateDiscarded: lateDiscarded,
            partialLine: partialLine, unread: unread, unacked: unacked)
    }
}
