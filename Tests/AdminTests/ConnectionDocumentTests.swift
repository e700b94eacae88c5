import Testing
import Wire

@testable import Admin

@Suite("Connections as JSON")
struct ConnectionDocumentTests {
    private static let odd = ConnectionInfo(
        id: .max, peer: "unix:/a\"\\\u{1b}\u{1f600}/é", local: "", mode: .verbatim, openedAt: "", age: .seconds(-1),
        idle: .nanoseconds(1_999_999), state: .closed, reason: .invalidUTF8, blockedOn: .spreadTurn, lines: 1,
        received: 2, sent: 3, lateDiscarded: 4, partialLine: 5, unread: 6, unacked: 7)

    @Test(arguments: [.sample, odd])
    func written_isWhatTheEncoderMakesOfIt(connection: ConnectionInfo) {
        #expect(ConnectionDocument.one(connection) == JSONText.encode(connection))
        for page in [
            ConnectionPage(connections: [connection, .sample], next: 3, total: 9),
            ConnectionPage(connections: [], next: nil, total: 0),
        ] {
            #expect(ConnectionDocument.page(page) == JSONText.encode(page))
        }
    }
}
