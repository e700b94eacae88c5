internal import EchoCore
internal import EventLoops
internal import Wire

/// The connections of a shard: those that are open, in the order of their ids, and the last that have ended.
struct ConnectionRegistry {
    /// Ascending ids, with gaps where a connection ended, so that an end costs a binary search and does not move the
    /// rest.
    private var slots: [(id: UInt64, connection: Connection?)] = []
    private(set) var count = 0
    private var closed = RecentlyClosed()

    var isEmpty: Bool { count == 0 }

    /// The highest id that is or was open; 0 before the first.
    var lastID: UInt64 { slots.last?.id ?? 0 }

    /// A snapshot: connections may end while it is walked.
    var open: [Connection] { slots.compactMap(\.connection) }

    /// Ids come in ascending order.
    mutating func insert(_ connection: Connection) {
        slots.append((connection.id, connection))
        count += 1
    }

    mutating func remove(_ connection: Connection) {
        let index = position(after: connection.id) - 1
        precondition(slots[index].id == connection.id)
        slots[index].connection = nil
        count -= 1
        closed.append(connection.row(state: .closed))
        if count == 0 {
            slots.removeAll(keepingCapacity: slots.capacity <= 64)
        } else if slots.count > 64 && slots.count > 2 * count {
            slots.removeAll { $0.connection == nil }
        }
    }

    func findOpen(_ id: UInt64) -> Connection? {
        let index = position(after: id) - 1
        return index >= 0 && slots[index].id == id ? slots[index].connection : nil
    }

    func find(_ id: UInt64) -> ConnectionRow? {
        findOpen(id)?.row() ?? closed.rows.last { $0.id == id }
    }

    /// The last thousand that ended, the oldest first.
    var closedRows: [ConnectionRow] { closed.rows }

    /// At most `count` open connections with ids above `id`, in order.
    func open(after id: UInt64, atMost count: Int) -> [Connection] {
        Array(slots[position(after: id)...].lazy.compactMap(\.connection).prefix(count))
    }

    /// The index of the first id above `id`.
    private func position(after id: UInt64) -> Int {
        var low = 0
        var high = slots.count
        while low < high {
            let middle = (low + high) / 2
            if slots[middle].id <= id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The last thousand that ended, the oldest first.
struct RecentlyClosed {
    static let capacity = ServiceLimits.closedConnections
    private var ring: [ConnectionRow] = []
    private var oldest = 0

    var rows: [ConnectionRow] { Array(ring[oldest...] + ring[..<oldest]) }

    mutating func append(_ row: ConnectionRow) {
        if ring.count < Self.capacity {
            ring.append(row)
        } else {
            ring[oldest] = row
            oldest = (oldest + 1) % Self.capacity
        }
    }
}
