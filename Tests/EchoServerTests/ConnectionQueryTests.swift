import Basics
import EchoCore
import EventLoops
import Testing
import Wire

@testable import EchoServer

/// Order, filters and the memory of those that ended, on rows that no socket made.
@Suite struct ConnectionQueryTests {
    private static func row(
        _ id: UInt64, peer: SocketAddress = .ipv4(0x7f00_0001, port: 1_000), openedAt: Int64 = 0,
        lastActivity: Int64 = 0, endedAt: Int64? = nil, received: UInt64 = 0, sent: UInt64 = 0
    ) -> ConnectionRow {
        ConnectionRow(
            id: id, peer: peer, local: .unix(path: nil), openedAt: openedAt, lastActivity: lastActivity,
            endedAt: endedAt, openedAtUnix: 0, state: endedAt == nil ? .open : .closed, lines: 0, received: received,
            sent: sent, lateDiscarded: 0, unread: 0, unacked: 0)
    }

    @Test(arguments: [
        (ConnectionQuery.Order.id, [1, 2, 3]), (.age, [3, 1, 2]), (.idle, [2, 3, 1]), (.received, [1, 3, 2]),
        (.sent, [2, 1, 3]),
    ])
    func rows_areOrdered_largestFirstButForTheId(order: ConnectionQuery.Order, ids: [UInt64]) {
        let rows = [
            Self.row(2, openedAt: 30, lastActivity: 40, received: 1, sent: 9),
            Self.row(1, openedAt: 20, lastActivity: 60, received: 3, sent: 8),
            Self.row(3, openedAt: 10, lastActivity: 50, received: 2, sent: 7),
        ]
        #expect(ConnectionQuery(order: order).page(of: [rows]).rows.map(\.id) == ids)
        #expect(ConnectionQuery(order: order, limit: 2).page(of: [rows]).rows.map(\.id) == Array(ids.prefix(2)))
    }

    /// Their age and idleness stopped when they ended.
    @Test(arguments: [ConnectionQuery.Order.age, .idle])
    func closedRows_areOrderedByTheFiguresTheyShow(order: ConnectionQuery.Order) {
        let rows = [
            Self.row(1, openedAt: 0, lastActivity: 0, endedAt: 5),
            Self.row(2, openedAt: 10, lastActivity: 10, endedAt: 90),
            Self.row(3, openedAt: 50, lastActivity: 50, endedAt: 70),
        ]
        #expect(ConnectionQuery(state: .closed, order: order).page(of: [rows]).rows.map(\.id) == [2, 3, 1])
    }

    /// It must not be computed from the age: with two clocks, the result would differ each time.
    @Test(arguments: [1, 80_000_000, 7_000_000_000])
    func row_showsTheInstantOfItsOpening(now: Int64) {
        var row = Self.row(1, openedAt: 1)
        row.openedAtUnix = 1_795_262_400_123_999_999
        #expect(row.info(mode: .upper, now: now).openedAt == "2026-11-21T12:00:00.123Z")
    }

    /// Shards choose their first rows, and the page is chosen from those: it must be the same as when all are sorted.
    @Test(arguments: ConnectionQuery.Order.allCases)
    func pageOfChosenRows_isThatOfAllRowsSorted(order: ConnectionQuery.Order) {
        for _ in 0..<300 {
            let shards = (0..<Int.random(in: 1...4)).map { _ in Int.random(in: 0...40) }
            let ids = Array(1...UInt64(shards.reduce(1, +))).shuffled()
            // Few values, so that many are equal.
            let rows = ids.map { id in
                Self.row(
                    id, openedAt: .random(in: -3...3), lastActivity: .random(in: -3...3), received: .random(in: 0...5),
                    sent: Bool.random() ? .max : .random(in: 0...2))
            }
            let query = ConnectionQuery(
                order: order, limit: .random(in: 1...50), after: order == .id ? .random(in: 0...60) : nil)
            var rest = rows[...]
            let parts = shards.map { count in
                var first = FirstRows(of: query, among: count)
                for row in rest.prefix(count) { first.offer(row) }
                #expect(first.rows.count <= query.limit + 1)
                rest = rest.dropFirst(count)
                return first.rows
            }
            let offered = rows.dropLast(rest.count)
            let expected = offered.filter { $0.id > query.after ?? 0 }.sorted { Self.precedes($0, $1, order) }
            let page = query.page(of: parts)
            #expect(page.rows.map(\.id) == expected.prefix(query.limit).map(\.id))
            #expect(page.hasMore == (expected.count > query.limit))
        }
    }

    /// The contract's order, written once more.
    private static func precedes(_ one: ConnectionRow, _ other: ConnectionRow, _ order: ConnectionQuery.Order) -> Bool {
        switch order {
        case .id: one.id < other.id
        case .age: (one.openedAt, one.id) < (other.openedAt, other.id)
        case .idle: (one.lastActivity, one.id) < (other.lastActivity, other.id)
        case .received: one.received == other.received ? one.id < other.id : one.received > other.received
        case .sent: one.sent == other.sent ? one.id < other.id : one.sent > other.sent
        }
    }

    @Test func after_appliesToTheOrderOfIdsOnly() {
        let rows = (1...4).map { Self.row($0) }
        #expect(ConnectionQuery(after: 2).page(of: [rows]).rows.map(\.id) == [3, 4])
        #expect(ConnectionQuery(order: .received, after: 2).page(of: [rows]).rows.count == 4)
    }

    @Test(arguments: ["10.0.0.9", "10.0.0.9:51234", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:7", "unix"])
    func peer_matchesAddressesWithAndWithoutPort(text: String) {
        let rows = [
            Self.row(1, peer: .ipv6(high: 0, low: 0xffff_0a00_0009, port: 51_234, scope: 0)),
            Self.row(2, peer: .ipv6(high: 0x2001_0db8_0000_0000, low: 1, port: 7, scope: 0)),
            Self.row(3, peer: .unix(path: nil)),
        ]
        #expect(rows.filter { PeerPattern(text)?.matches($0.peer) == true }.count == 1)
    }

    @Test(arguments: ["10.0.0.90", "10.0.0", "10.0.0.9:5123", "51234", "", ":51234", "10.0.0.9:"])
    func peer_matchesWholeAddressesOnly(text: String) {
        let row = Self.row(1, peer: .ipv4(0x0a00_0009, port: 51_234))
        #expect(PeerPattern(text)?.matches(row.peer) != true)
    }

    @Test func rowsThatEnded_areKeptToAThousand() {
        var closed = RecentlyClosed()
        for id in 1...2_500 {
            closed.append(Self.row(UInt64(id)))
            if id == 3 { #expect(closed.rows.map(\.id) == [1, 2, 3]) }
        }
        #expect(closed.rows.map(\.id) == Array(1_501...2_500))
    }
}
