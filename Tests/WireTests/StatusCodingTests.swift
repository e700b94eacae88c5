import FoundationEssentials
import Testing
import Wire

@Suite("The status object as JSON")
struct StatusCodingTests {
    private static let drain = ServiceStatus.Drain(
        id: 1, intent: .exit, mode: .wait, trigger: .signal(.terminate), delay: .seconds(1), timeout: .seconds(20),
        elapsed: .milliseconds(3120), deadlineIn: .milliseconds(16_880), result: .forced, acceptQueue: .handedOver,
        blockedOn: [.peerClose: 2], waiters: 3, counts: [.closed: 50, .lateDiscarded: 120])

    private static let full = ServiceStatus(
        admin: ["[::1]:1"], listen: ["unix:/é"], bytes: .init(received: 1, sent: 2, unacked: 3, unread: 4),
        connections: .init(accepted: 9, active: 1, closed: [.idle: 8]), drain: drain, exitCode: 2,
        inState: .milliseconds(5), lines: .max, pid: 7, state: .forcing, uptime: .seconds(60), version: "0.1.0")

    private static let empty = ServiceStatus(admin: [], listen: [], pid: 1, state: .serving, version: "")

    @Test(arguments: [full, empty])
    func whatIsSent_isRead(status: ServiceStatus) throws {
        #expect(try decode(ServiceStatus.self, encode(status)) == status)
        var joined = status
        joined.joined = true
        #expect(try decode(ServiceStatus.self, encode(joined)) == joined)
        #expect(try encode(joined) != encode(status))
    }

    @Test func drainAndItsCounts_areOneObject() throws {
        #expect(
            try encode(Self.drain)
                == #"{"abandoned_by_peer":0,"accept_queue":"handed_over","at_mark":0,"blocked_on":{"peer_close":2},"#
                + #""closed":50,"deadline_in_ms":16880,"delay_ms":1000,"elapsed_ms":3120,"from_backlog":0,"id":1,"#
                + #""incomplete":0,"intent":"exit","late_discarded":120,"lost_received":0,"lost_sent":0,"mode":"wait","#
                + #""result":"forced","timeout_ms":20000,"trigger":"signal:TERM","waiters":3}"#)
    }

    @Test func whatIsMissing_isNull() throws {
        let text = try encode(Self.empty)
        #expect(text.contains(#""drain":null,"exit_code":null,"in_state_ms":0,"lines":0"#))
        var drain = Self.drain
        drain.result = nil
        drain.deadlineIn = nil
        drain.blockedOn = [.peerRead: 0]
        let over = try encode(drain)
        for member in [#""blocked_on":{}"#, #""deadline_in_ms":null"#, #""result":null"#] {
            #expect(over.contains(member))
        }
        #expect(try decode(ServiceStatus.Drain.self, over).blockedOn.isEmpty)
    }

    @Test(arguments: ServiceState.allCases)
    func ready_followsTheState(state: ServiceState) throws {
        var status = Self.full
        status.state = state
        #expect(status.ready == (state == .serving))
        #expect(try encode(status).contains(#""ready":\#(state == .serving)"#))
    }

    @Test func countsOfALaterVersion_areLeftOut() throws {
        let text = try encode(Self.full)
            .replacing(#""idle":8"#, with: #""idle":8,"bored":9"#)
            .replacing(#""peer_close":2"#, with: #""peer_close":2,"moon":1"#)
            .replacing(#""at_mark":0"#, with: #""at_mark":0,"at_dawn":5"#)
        #expect(try decode(ServiceStatus.self, text) == Self.full)
    }

    @Test func countsOfAnEarlierVersion_areZero() throws {
        let text = try encode(Self.full).replacing(#""late_discarded":120,"#, with: "")
        #expect(try decode(ServiceStatus.self, text).drain?[.lateDiscarded] == 0)
    }

    @Test(
        arguments: [
            (#""drain":null,"#, ""), (#""exit_code":null,"#, ""), (#""state":"serving""#, #""state":"sleeping""#),
            (#""uptime_ms":0"#, #""uptime_ms":9223372036855"#), (#""uptime_ms":0"#, #""uptime_ms":0.5"#),
            (#""idle":0"#, #""idle":-1"#), (#""idle":0"#, #""idle":null"#), (#""lines":0"#, #""lines":"0""#),
            (#""listen":[]"#, #""listen":[7]"#),
        ])
    func whatNoVersionSends_isRefused(part: String, other: String) throws {
        let text = try encode(Self.empty)
        #expect(text.contains(part))
        #expect(throws: DecodingError.self) {
            try decode(ServiceStatus.self, text.replacing(part, with: other))
        }
    }

    @Test func differenceOfCounts_isWhatCameBetween() {
        let start: Counts<DrainCounter> = [.closed: 5, .atMark: 1]
        let end: Counts<DrainCounter> = [.closed: 7, .atMark: 1, .incomplete: 3]
        #expect(end - start == [.closed: 2, .incomplete: 3])
        #expect((end - start).total == 5)
    }

    @Test(arguments: [0, 1]) func millisecondsThatFitNanoseconds_areATime(excess: Int64) throws {
        for number in [Int64.max / 1_000_000 + excess, Int64.min / 1_000_000 - excess] {
            let time = try? decode([Milliseconds].self, "[\(number)]").first?.wrappedValue
            #expect(time == (excess == 0 ? .milliseconds(number) : nil))
        }
    }
}

func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
}
