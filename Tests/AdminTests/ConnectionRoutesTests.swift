import Admin
import Basics
import EchoCore
import MicroHTTPD
import Testing
import Wire

@Suite("GET /connections")
struct ConnectionRoutesTests {
    private static let row =
        #"{"age_ms":9000,"blocked_on":null,"id":17,"idle_ms":80,"late_discarded":0,"lines":64,"local":"10.0.0.5:7","#
        + #""mode":"upper","opened_at":"2026-11-21T12:00:00.000Z","partial_line":3,"peer":"10.0.0.9:51234","#
        + #""reason":null,"received":4096,"sent":4096,"state":"open","unacked":0,"unread":0}"#

    @Test func list_isByteForByteTheContractsSample() throws {
        let service = FakeService {
            $0.page = ConnectionPage(connections: [.sample], next: 117, total: 312)
        }
        let response = try send(request(.get, "/connections"), to: service)
        #expect(response.status == 200)
        #expect(response.text == #"{"connections":[\#(Self.row)],"next":117,"total":312}"# + "\n")
        #expect(service.seen.queries == [ConnectionQuery()])
    }

    @Test func list_ofSeveral_isJSONWhateverTheirPeersAreCalled() throws {
        var named = ConnectionInfo.sample
        named.peer = "unix:/tmp/\u{1b}\"\\\n/é😀\u{7f}"
        named.partialLine = nil
        named.blockedOn = .peerRead
        named.reason = .forced
        let page = ConnectionPage(connections: [.sample, named, .sample], next: nil, total: 3)
        let text = try send(request(.get, "/connections"), to: FakeService { $0.page = page }).text
        #expect(text.hasPrefix(#"{"connections":[\#(Self.row),{"age_ms":9000,"blocked_on":"peer_read","id":17,"#))
        #expect(text.contains(#","partial_line":null,"peer":"unix:/tmp/\u001b\"\\\u000a/\u00e9\ud83d\ude00\u007f","#))
        #expect(text.contains(#","reason":"forced","received":4096,"#))
        #expect(text.hasSuffix(#"},\#(Self.row)],"next":null,"total":3}"# + "\n"))
    }

    @Test func list_whenEmpty_hasItsKeys() throws {
        #expect(try send(request(.get, "/connections")).text == #"{"connections":[],"next":null,"total":0}"# + "\n")
    }

    @Test func list_whenALoopDoesNotAnswer_isUnavailable() throws {
        let response = try send(request(.get, "/connections"), to: FakeService { $0.page = nil })
        #expect(response.isProblem(503, "/livez"))
        #expect(response.header("Retry-After") == "1")
    }

    @Test(
        arguments: [
            ("state=open", ConnectionQuery(state: .open)),
            ("blocked_on=peer_read", ConnectionQuery(blockedOn: .peerRead)),
            ("state=half_closed", ConnectionQuery(state: .halfClosed)),
            ("state=closing", ConnectionQuery(state: .closing)), ("state=closed", ConnectionQuery(state: .closed)),
            ("sort=id", ConnectionQuery(order: .id)), ("sort=age", ConnectionQuery(order: .age)),
            ("sort=idle", ConnectionQuery(order: .idle)), ("sort=received", ConnectionQuery(order: .received)),
            ("sort=sent", ConnectionQuery(order: .sent)), ("limit=1", ConnectionQuery(limit: 1)),
            ("limit=1000", ConnectionQuery(limit: 1000)), ("after=0", ConnectionQuery(after: 0)),
            ("after=18446744073709551615&sort=id", ConnectionQuery(after: .max)),
            ("peer=10.0.0.9", ConnectionQuery(peer: PeerPattern("10.0.0.9"))),
            ("peer=10.0.0.9:51234", ConnectionQuery(peer: PeerPattern("10.0.0.9:51234"))),
            ("peer=10.0.0.9%3A51234", ConnectionQuery(peer: PeerPattern("10.0.0.9:51234"))),
            ("peer=::1", ConnectionQuery(peer: PeerPattern("::1"))),
            ("peer=[::1]", ConnectionQuery(peer: PeerPattern("::1"))),
            ("peer=%5B0:0::1%5D:7", ConnectionQuery(peer: PeerPattern("[::1]:7"))),
            ("peer=::ffff:10.0.0.9", ConnectionQuery(peer: PeerPattern("10.0.0.9"))),
            ("peer=[::ffff:a00:9]:7", ConnectionQuery(peer: PeerPattern("10.0.0.9:7"))),
            ("peer=fe80::1%25eth0", ConnectionQuery(peer: PeerPattern("fe80::1"))),
            ("peer=unix", ConnectionQuery(peer: PeerPattern("unix"))),
            ("%73tate=%6fpen&limit=5", ConnectionQuery(state: .open, limit: 5)), ("", ConnectionQuery()),
            ("format=text&state=open", ConnectionQuery(state: .open)),
        ])
    func list_asksForWhatTheParametersSay(query: String, expected: ConnectionQuery) throws {
        let service = FakeService()
        #expect(try send(request(.get, "/connections?\(query)"), to: service).status == 200)
        #expect(service.seen.queries == [expected])
    }

    @Test(
        arguments: [
            ("state=up", "Allowed: open, closing, half_closed, closed."), ("state=OPEN", "Allowed: open"),
            ("state=halfClosed", "Allowed: open"), ("sort=port", "Allowed: id, age, idle, received, sent."),
            ("limit=0", "from 1 to 1000"), ("limit=1001", "from 1 to 1000"), ("limit=-1", "from 1 to 1000"),
            ("limit=+5", #"cannot be \"+5\""#), ("limit=5.0", "from 1 to 1000"), ("limit=99999999999999999999", "1000"),
            ("after=x", "a whole number from 0"), ("after=18446744073709551616", "a whole number from 0"),
            ("after=1&sort=age", "only with sort=id, not with sort=age"), ("format=csv", "Allowed: text."),
            ("peer=localhost", "an address with or without port"), ("peer=10.0.0", "an address"),
            ("peer=10.0.0.9:", "an address"), ("peer=10.0.0.9:70000", "an address"), ("peer=[10.0.0.9]", "an address"),
            ("peer=10.0.0.9%25eth0", "an address"), ("blocked_on=nobody", "peer_read"),
            ("State=open", #"Unknown parameter \"State\""#), ("state=open&state=open", "more than once"),
            ("state", "has no value. Allowed: open"), ("state=", #"\"state\" is empty"#), ("=open", "empty parameter"),
            ("state=open&", "empty parameter"), ("&", "empty parameter"), ("state=open&&limit=5", "empty parameter"),
            ("state=%6fpen%", "percent-encoded"), ("state=%zz", "percent-encoded"), ("state=%4", "percent-encoded"),
            ("state=%+f", "percent-encoded"), ("peer=unix%00", "percent-encoded"), ("peer=a%0d%0a", "percent-encoded"),
            ("peer=a%7f", "percent-encoded"), ("peer=a%c2%85", "percent-encoded"), ("peer=%ff", "percent-encoded"),
            ("peer=%c0%af", "percent-encoded"), ("%00=x", "name of a parameter"), ("state=op+en", #"\"op+en\""#),
            ("state=%256fpen", #"\"%6fpen\""#), ("state=%e2%80%ae", #"\"\\xe2\\x80\\xae\""#),
            ("state=a=b", #"\"a=b\""#),
        ])
    func list_refusesWhatItCannotRead(query: String, hint: String) throws {
        let service = FakeService()
        let response = try send(request(.get, "/connections?\(query)"), to: service)
        #expect(response.isProblem(400, hint), "\(response.text)")
        #expect(service.seen.queries.isEmpty)
    }

    @Test func list_asText_isAnAlignedTable() throws {
        var closed = ConnectionInfo.sample
        closed.id = 5
        closed.peer = "unix:/tmp/\u{1b}[2J\n\\é"
        closed.state = .closed
        closed.reason = .forced
        closed.partialLine = nil
        closed.age = .seconds(3_725)
        let page = ConnectionPage(connections: [.sample, closed], next: 17, total: 312)
        let response = try send(request(.get, "/connections?format=text"), to: FakeService { $0.page = page })
        #expect(response.header("Content-Type") == "text/plain; charset=utf-8")
        let lines = response.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 5)
        #expect(lines[0].hasPrefix("ID  PEER"))
        #expect(lines[1].hasPrefix("17  10.0.0.9:51234"))
        #expect(lines[2].hasPrefix(#" 5  unix:/tmp/\x1b[2J\x0a\x5c\xc3\xa9  10.0.0.5:7"#))
        #expect(lines[2].contains("1h02m") && lines[2].contains("forced"))
        #expect(lines[3] == "2 of 312, go on with after=17")
        #expect(lines[4].isEmpty)
        let widths = Set(lines[0...2].map(\.utf8.count))
        #expect(widths.count == 1)
    }

    @Test func one_isTheContractsRow() throws {
        let service = FakeService { $0.lookup = .found(.sample) }
        #expect(try send(request(.get, "/connections/17"), to: service).text == Self.row + "\n")
        #expect(service.seen.lookedUp == [17])
    }

    @Test(arguments: ["17", "x", "017", "+17", "-1", "18446744073709551616", "17;x", "{id}"])
    func one_thatIsNotThere_isNotFound(id: String) throws {
        #expect(try send(request(.get, "/connections/\(id)")).isProblem(404, "is neither open nor among"))
    }

    @Test func one_whenItsLoopDoesNotAnswer_isUnavailable() throws {
        let response = try send(request(.get, "/connections/17"), to: FakeService { $0.lookup = .noAnswer })
        #expect(response.isProblem(503, "did not answer"))
        #expect(response.header("Retry-After") == "1")
    }

    @Test(arguments: [("", ConnectionCloseMode.close), ("?mode=close", .close), ("?mode=abort", .abort)])
    func delete_closes_andAnswersWithTheRow(query: String, mode: ConnectionCloseMode) throws {
        let service = FakeService { $0.lookup = .found(.sample) }
        let response = try send(request(.delete, "/connections/17\(query)"), to: service)
        #expect(response.status == 202)
        #expect(response.text == Self.row + "\n")
        #expect(service.seen.closed == [.init(id: 17, mode: mode)])
    }

    @Test func delete_ofOneThatIsNotOpen_isNotFound() throws {
        let service = FakeService()
        #expect(try send(request(.delete, "/connections/17"), to: service).isProblem(404, "is not open"))
        #expect(service.seen.closed == [.init(id: 17, mode: .close)])
        #expect(try send(request(.delete, "/connections/017"), to: service).isProblem(404, "is not open"))
        #expect(service.seen.closed.count == 1)
    }

    @Test func delete_thatIsRefused_closesNothing() throws {
        let service = FakeService { $0.lookup = .found(.sample) }
        #expect(try send(request(.delete, "/connections/17?mode=wait"), to: service).isProblem(400, "close, abort"))
        #expect(try send(request(.delete, "/connections/17", peer: .remote), to: service).status == 403)
        let otherPage = [("Host", "localhost:8889"), ("Sec-Fetch-Site", "same-site")]
        #expect(try send(request(.delete, "/connections/17", headers: otherPage), to: service).status == 403)
        #expect(service.seen.closed.isEmpty)
    }

    @Test func delete_whenItsLoopDoesNotAnswer_isUnavailable() throws {
        let service = FakeService { $0.lookup = .noAnswer }
        #expect(try send(request(.delete, "/connections/17"), to: service).isProblem(503, "did not answer"))
    }
}
