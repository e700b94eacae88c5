internal import Basics
internal import Wire

/// Connections as they are sent: what `JSONText` makes of them, but faster.
enum ConnectionDocument {
    /// Bytes that a row takes, roughly.
    private static let size = 400

    /// One page of `GET /connections`, and a newline.
    static func page(_ page: ConnectionPage) -> [UInt8] {
        var writer = JSONWriter(capacity: Self.size * (page.connections.count + 1))
        writer.object { document in
            for key in ConnectionPage.CodingKeys.allCases {
                switch key {
                case .connections:
                    document.member(key.rawValue) { value in
                        value.array { rows in
                            for connection in page.connections { rows.element { write(connection, to: &$0) } }
                        }
                    }
                case .next: document.member(key.rawValue, page.next)
                case .total: document.member(key.rawValue, page.total)
                }
            }
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// One connection, and a newline.
    static func one(_ connection: ConnectionInfo) -> [UInt8] {
        var writer = JSONWriter(capacity: Self.size)
        write(connection, to: &writer)
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private static let rowKeys = ConnectionInfo.CodingKeys.allCases

    private static func write(_ connection: ConnectionInfo, to writer: inout JSONWriter) {
        writer.object { row in
            for key in rowKeys {
                let name = key.rawValue
                switch key {
                case .age: row.member(name, connection.age.inMilliseconds)
                case .blockedOn: row.member(name, connection.blockedOn?.rawValue)
                case .id: row.member(name, connection.id)
                case .idle: row.member(name, connection.idle.inMilliseconds)
                case .lateDiscarded: row.member(name, connection.lateDiscarded)
                case .lines: row.member(name, connection.lines)
                case .local: row.member(name, connection.local)
                case .mode: row.member(name, connection.mode.rawValue)
                case .openedAt: row.member(name, connection.openedAt)
                case .partialLine: row.member(name, connection.partialLine)
                case .peer: row.member(name, connection.peer)
                case .reason: row.member(name, connection.reason?.rawValue)
                case .received: row.member(name, connection.received)
                case .sent: row.member(name, connection.sent)
                case .state: row.member(name, connection.state.rawValue)
                case .unacked: row.member(name, connection.unacked)
                case .unread: row.member(name, connection.unread)
                }
            }
        }
    }
}
