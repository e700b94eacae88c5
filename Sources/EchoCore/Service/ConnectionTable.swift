internal import Basics
package import Wire

/// A page of connections as an aligned table for people: `format=text`, and `echod connections`.
package struct ConnectionTable: Sendable {
    private struct Column {
        var title: String
        /// Numbers are right-aligned.
        var isNumber = false
        /// When there is no room for all columns, the one with the highest value is left out first; 0 always stays.
        var dispensability: Int
        var cell: @Sendable (ConnectionInfo) -> String
    }

    private let page: ConnectionPage

    package init(_ page: ConnectionPage) {
        self.page = page
    }

    /// The table, and a line that says how many of all connections it shows; without the last newline.
    package var text: String {
        (lines() + [footer]).joined(separator: "\n")
    }

    /// The title line and one line per connection. With a width, no line has more columns than that: table columns that
    /// show only `-` are left out first, then those that matter least, and what is still too long is cut.
    package func lines(width: Int? = nil) -> [String] {
        var columns = Self.columns.map { column in
            let cells = [column.title] + page.connections.map(column.cell)
            return (column: column, cells: cells, width: cells.map(\.utf8.count).max() ?? 0)
        }
        if let width {
            while columns.map({ $0.width + 2 }).reduce(-2, +) > width {
                let rank = { (index: Int) in
                    (columns[index].cells.dropFirst().allSatisfy { $0 == "-" } ? 100 : 0)
                        + columns[index].column.dispensability
                }
                let candidates = columns.indices.filter { columns[$0].column.dispensability > 0 }
                guard let last = candidates.max(by: { rank($0) < rank($1) }) else { break }
                columns.remove(at: last)
            }
        }
        return (0...page.connections.count).map { row in
            let cells = columns.map { Self.pad($0.cells[row], to: $0.width, isNumber: $0.column.isNumber) }
            let line = Self.withoutTrailingSpaces(cells.joined(separator: "  "))
            return width.map { String(line.prefix($0)) } ?? line
        }
    }

    private var footer: String {
        let count = "\(page.connections.count) of \(page.total)"
        return page.next.map { "\(count), go on with after=\($0)" } ?? count
    }

    private static let columns: [Column] = [
        Column(title: "ID", isNumber: true, dispensability: 0) { "\($0.id)" },
        Column(title: "PEER", dispensability: 0) { PrintableText.escape($0.peer) },
        Column(title: "LOCAL", dispensability: 12) { PrintableText.escape($0.local) },
        Column(title: "STATE", dispensability: 1) { $0.state.rawValue },
        Column(title: "REASON", dispensability: 3) { $0.reason?.rawValue ?? "-" },
        Column(title: "BLOCKED ON", dispensability: 2) { $0.blockedOn?.rawValue ?? "-" },
        Column(title: "AGE", isNumber: true, dispensability: 5) { DurationFormat.span($0.age) },
        Column(title: "IDLE", isNumber: true, dispensability: 4) { DurationFormat.span($0.idle) },
        Column(title: "LINES", isNumber: true, dispensability: 8) { "\($0.lines)" },
        Column(title: "RECEIVED", isNumber: true, dispensability: 6) { "\($0.received)" },
        Column(title: "SENT", isNumber: true, dispensability: 7) { "\($0.sent)" },
        Column(title: "UNREAD", isNumber: true, dispensability: 9) { "\($0.unread)" },
        Column(title: "UNACKED", isNumber: true, dispensability: 10) { "\($0.unacked)" },
        Column(title: "PARTIAL", isNumber: true, dispensability: 11) { $0.partialLine.map(String.init) ?? "-" },
    ]

    private static func pad(_ cell: String, to width: Int, isNumber: Bool) -> String {
        let padding = String(repeating: " ", count: width - cell.utf8.count)
        return isNumber ? padding + cell : cell + padding
    }

    private static func withoutTrailingSpaces(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line
    }
}
