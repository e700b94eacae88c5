internal import Basics
internal import EchoCore
internal import EventLoops
internal import Wire

/// The rows that come first in a query's order, out of any number offered one by one: one page and one row more, which
/// shows that another page follows. A heap with the last of them on top, so that a shard with 9,000 connections keeps
/// and hands over no more than a page.
struct FirstRows: Sendable {
    private let query: ConnectionQuery
    /// In no order.
    private(set) var rows: [ConnectionRow] = []
    private var heap: [Place] = []

    private struct Place {
        var key: UInt64
        var id: UInt64
        /// In `rows`.
        var index: Int

        static func < (one: Place, other: Place) -> Bool { (one.key, one.id) < (other.key, other.id) }
    }

    /// Reserves room at once: an array of a thousand rows would be moved each time it grows.
    init(of query: ConnectionQuery, among count: Int) {
        self.query = query
        rows.reserveCapacity(min(count, query.limit + 1))
        heap.reserveCapacity(min(count, query.limit + 1))
    }

    /// In the order of the query.
    var sorted: [ConnectionRow] { heap.sorted(by: <).map { rows[$0.index] } }

    mutating func offer(_ row: ConnectionRow) {
        if query.order == .id && row.id <= query.after ?? 0 { return }
        var place = Place(key: query.key(of: row), id: row.id, index: rows.count)
        if rows.count <= query.limit {
            rows.append(row)
            heap.append(place)
            siftUp()
        } else if place < heap[0] {
            place.index = heap[0].index
            rows[place.index] = row
            heap[0] = place
            siftDown()
        }
    }

    /// Replaces some of the rows with the connection's current state; a row for which `row` returns nil stays as it is.
    mutating func renew(_ indices: Range<Int>, _ row: (_ id: UInt64) -> ConnectionRow?) {
        for index in indices {
            if let newer = row(rows[index].id) { rows[index] = newer }
        }
    }

    private mutating func siftUp() {
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[parent] < heap[child] else { return }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var last = parent
            for child in 2 * parent + 1...2 * parent + 2 where child < heap.count && heap[last] < heap[child] {
                last = child
            }
            guard last != parent else { return }
            heap.swapAt(parent, last)
            parent = last
        }
    }
}

extension ConnectionQuery {
    /// The rows of a page by the query's order, and whether more follow.
    func page(of pieces: [[ConnectionRow]]) -> (rows: ArraySlice<ConnectionRow>, hasMore: Bool) {
        var first = FirstRows(of: self, among: pieces.reduce(0) { $0 + $1.count })
        for row in pieces.joined() { first.offer(row) }
        let sorted = first.sorted
        return (sorted.prefix(limit), sorted.count > limit)
    }

    /// Makes the page from what every shard has found. Takes milliseconds for a thousand rows: not for a loop.
    func page(
        of parts: [Shard.Candidates], mode: EchoMode, now: Int64
    ) -> ConnectionPage {
        var pieces = parts.map(\.first.rows)
        var total = parts.reduce(0) { $0 + $1.total }
        if state == .closed {
            // Every shard keeps a thousand; together they show the last thousand.
            let last = parts.flatMap(\.closed).sorted { ($0.endedAt ?? 0) > ($1.endedAt ?? 0) }
            let rows = last.prefix(RecentlyClosed.capacity).filter {
                blockedOn == nil && peer?.matches($0.peer) != false
            }
            pieces = [rows]
            total = rows.count
        }
        let (rows, hasMore) = page(of: pieces)
        return ConnectionPage(
            connections: rows.map { $0.info(mode: mode, now: now) },
            next: order == .id && hasMore ? rows.last?.id : nil, total: total)
    }

    /// Rows with a smaller key come first; rows with the same key are ordered by id.
    fileprivate func key(of row: ConnectionRow) -> UInt64 {
        switch order {
        case .id: row.id
        // For ended connections both are constant; a page shows either open or closed ones.
        case .age: Self.ascending(row.openedAt - (row.endedAt ?? 0))
        case .idle: Self.ascending(row.lastActivity - (row.endedAt ?? 0))
        case .received: .max - row.received
        case .sent: .max - row.sent
        }
    }

    /// Maps signed numbers to unsigned ones in the same order.
    private static func ascending(_ number: Int64) -> UInt64 {
        UInt64(bitPattern: number) ^ (1 << 63)
    }
}

extension PeerPattern {
    func matches(_ peer: SocketAddress) -> Bool {
        switch self {
        case .address(let address, let port): peer.ip == address && (port == nil || peer.port == port)
        case .unix(let path?): peer == .unix(path: path)
        case .unix(nil): if case .unix = peer { true } else { false }
        }
    }
}
