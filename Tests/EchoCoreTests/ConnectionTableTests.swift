import EchoCore
import Testing
import Wire

@Suite struct ConnectionTableTests {
    private let page = ConnectionPage(
        connections: [
            ConnectionInfo(
                id: 7, peer: "127.0.0.1:51234", local: "127.0.0.1:8888", mode: .upper, openedAt: "",
                age: .seconds(9), idle: .milliseconds(80), state: .open, lines: 64, received: 4096, sent: 4096,
                partialLine: 3),
            ConnectionInfo(
                id: 17, peer: "unix:/a\u{1b}[2J", local: "unix:/b", mode: .verbatim, openedAt: "",
                age: .seconds(125), idle: .zero, state: .closing, blockedOn: .peerClose),
        ], next: nil, total: 2)

    @Test func withoutWidth_everythingIsShown() {
        let lines = ConnectionTable(page).lines()
        #expect(
            lines[0]
                == "ID  PEER             LOCAL           STATE    REASON  BLOCKED ON    AGE  IDLE  LINES  RECEIVED  SENT  "
                + "UNREAD  UNACKED  PARTIAL")
        #expect(lines[2].contains(#"unix:/a\x1b[2J"#))
        #expect(ConnectionTable(page).text.hasSuffix("\n2 of 2"))
    }

    @Test func width_leavesOutWhatMattersLeast() {
        let lines = ConnectionTable(page).lines(width: 60)
        #expect(lines[0] == "ID  PEER             STATE    BLOCKED ON    AGE  IDLE")
        #expect(lines[1] == " 7  127.0.0.1:51234  open     -              9s  80ms")
    }

    @Test(arguments: 1...130) func width_isNeverExceeded(width: Int) {
        let lines = ConnectionTable(page).lines(width: width)
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { $0.utf8.count <= width })
        #expect(width < 24 || lines[0].hasPrefix("ID  PEER"))
    }
}
