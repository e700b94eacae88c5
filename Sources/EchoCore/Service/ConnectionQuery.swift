package import Basics
package import Wire

/// Which connections `GET /connections` asks for.
package struct ConnectionQuery: Hashable, Sendable {
    package enum Order: String, Hashable, Sendable, CaseIterable {
        /// Ascending; the others descend, the largest first.
        case id
        case age, idle, received, sent
    }

    package var state: ConnectionState?
    package var blockedOn: Blocker?
    /// An address with or without a port, as `ConnectionInfo.peer` shows it.
    package var peer: PeerPattern?
    package var order: Order
    /// 1 to 1000.
    package var limit: Int
    /// Only ids above this one; used with order `id` only.
    package var after: UInt64?

    package init(
        state: ConnectionState? = nil, blockedOn: Blocker? = nil, peer: PeerPattern? = nil, order: Order = .id,
        limit: Int = 100, after: UInt64? = nil
    ) {
        self.state = state
        self.blockedOn = blockedOn
        self.peer = peer
        self.order = order
        self.limit = limit
        self.after = after
    }
}

extension ConnectionPage {
    /// Makes the answer to a query from what was gathered.
    package typealias Maker = @Sendable () -> ConnectionPage
}
