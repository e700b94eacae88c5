internal import EchoCore

/// A page of connections as an aligned table for people: `format=text`.
struct ConnectionTable: Sendable {
    private struct Column {
        var title: String
        /// Numbers stand on the right.
        var isNumber: Bool
        var cell: (ConnectionInfo) -> String
    }

    private let page: ConnectionPage

    init(_ page: ConnectionPage) {
        self.page = page
    }

    /// The table and a line that says how much of the whole it is; without the last newline.
    var text: String {
        let columns = Self.columns
        let rows = [columns.map(\.title)] + page.connections.map { row in columns.map { $0.cell(row) } }
        let widths = columns.indices.map { column in rows.map { $0[column].utf8.count }.max() ?? 0 }
        let lines = rows.map { row in
            let cells = columns.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].utf8.count)
                return columns[column].isNumber ? padding + row[column] : row[column] + padding
            }
            return Self.withoutTrailingSpaces(cells.joined(separator: "  "))
        }
        return (lines + [footer]).joined(separator: "\n")
    }

    private var footer: String {
        let count = "\(page.connections.count) of \(page.total)"
        return page.next.map { "\(count), go on with after=\($0)" } ?? count
    }

    private static var columns: [Column] {
        [
            Column(title: "ID", isNumber: true) { "\($0.id)" },
            Column(title: "PEER", isNumber: false) { PrintableText.escape($0.peer) },
            Column(title: "LOCAL", isNumber: false) { PrintableText.escape($0.local) },
            Column(title: "STATE", isNumber: false) { $0.state.rawValue },
            Column(title: "REASON", isNumber: false) { $0.reason?.rawValue ?? "-" },
            Column(title: "BLOCKED ON", isNumber: false) { $0.blockedOn?.rawValue ?? "-" },
            Column(title: "AGE", isNumber: true) { span($0.age) },
            Column(title: "IDLE", isNumber: true) { span($0.idle) },
            Column(title: "LINES", isNumber: true) { "\($0.lines)" },
            Column(title: "RECEIVED", isNumber: true) { "\($0.received)" },
            Column(title: "SENT", isNumber: true) { "\($0.sent)" },
            Column(title: "UNREAD", isNumber: true) { "\($0.unread)" },
            Column(title: "UNACKED", isNumber: true) { "\($0.unacked)" },
            Column(title: "PARTIAL", isNumber: true) { $0.partialLine.map(String.init) ?? "-" },
        ]
    }

    /// Two units at most, as `kubectl get` shows ages: `80ms`, `9s`, `2m05s`, `3h20m`, `4d06h`.
    static func span(_ duration: Duration) -> String {
        let milliseconds = max(0, duration.inMilliseconds)
        let seconds = milliseconds / 1000
        switch seconds {
        case 0: return "\(milliseconds)ms"
        case ..<60: return "\(seconds)s"
        case ..<3600: return "\(seconds / 60)m\(twoDigits(seconds % 60))s"
        case ..<86_400: return "\(seconds / 3600)h\(twoDigits(seconds / 60 % 60))m"
        default: return "\(seconds / 86_400)d\(twoDigits(seconds / 3600 % 24))h"
        }
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static func withoutTrailingSpaces(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line
    }
}
