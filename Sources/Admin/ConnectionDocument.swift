internal import EchoCore

/// Connections as they are sent.
enum ConnectionDocument {
    /// Bytes that a row takes, roughly.
    private static let size = 400

    /// One page of `GET /connections`, and a newline.
    static func page(_ page: ConnectionPage) -> [UInt8] {
        var writer = JSONWriter(capacity: Self.size * (page.connections.count + 1))
        writer.object { document in
            document.member("connections") { value in
                value.array { rows in
                    for connection in page.connections { rows.element { write(connection, to: &$0) } }
                }
            }
            document.member("next", page.next)
            document.member("total", page.total)
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// One connection, and a newline.
    static func one(_ connection: ConnectionInfo) -> [UInt8] {
        var writer = JSONWriter(capacity: Self.size)
        write(connection, to: &writer)
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private static func write(_ connection: ConnectionInfo, to writer: inout JSONWriter) {
        writer.object { row in
            row.member("age_ms", connection.age.inMilliseconds)
            row.member("blocked_on", connection.blockedOn?.rawValue)
            row.member("id", connection.id)
            row.member("idle_ms", connection.idle.inMilliseconds)
            row.member("late_discarded", connection.lateDiscarded)
            row.member("lines", connection.lines)
            row.member("local", connection.local)
            row.member("mode", connection.mode.rawValue)
            row.member("opened_at", Timestamp.rfc3339(unixNanoseconds: connection.openedAtUnixNanoseconds))
            row.member("partial_line", connection.partialLine)
            row.member("peer", connection.peer)
            row.member("reason", connection.reason?.rawValue)
            row.member("received", connection.received)
            row.member("sent", connection.sent)
            row.member("state", connection.state.rawValue)
            row.member("unacked", connection.unacked)
            row.member("unread", connection.unread)
        }
    }
}
