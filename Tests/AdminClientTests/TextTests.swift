import Testing
import Wire

@testable import AdminClient

@Suite("What is said of answers")
struct TextTests {
    /// The sample of contract.md, section 5.
    static let sample = """
        {"admin":["127.0.0.1:8889"],"bytes":{"received":1048576,"sent":1048576,"unacked":4096,"unread":0},\
        "connections":{"accepted":60,"active":2,"closed":{"admin_closed":0,"drained":50,"forced":0,"idle":0,\
        "internal_error":0,"invalid_utf8":0,"line_too_long":0,"peer_closed":8,"refused":0,"reset_by_peer":0,\
        "write_stalled":0}},\
        "drain":{"abandoned_by_peer":0,"accept_queue":"lossless","at_mark":52,"blocked_on":{"peer_close":1,\
        "peer_read":1},"closed":50,"deadline_in_ms":16880,"delay_ms":0,"elapsed_ms":3120,"from_backlog":4,"id":1,\
        "incomplete":0,"intent":"hold","late_discarded":120,"lost_received":0,"lost_sent":0,"mode":"close",\
        "result":null,"timeout_ms":20000,"trigger":"api","waiters":1},"exit_code":null,"in_state_ms":3120,\
        "lines":16384,"listen":["127.0.0.1:8888"],"pid":4711,"ready":false,"state":"draining",\
        "uptime_ms":86400000,"version":"0.1.0"}

        """

    private func answer(_ status: Int, _ body: String = sample, type: String = "application/json") -> HTTPAnswer {
        HTTPAnswer(status: status, headers: [.init(name: "content-type", value: type)], body: Array(body.utf8))
    }

    private func over(_ result: String, changing change: (String, String)? = nil) -> String {
        let text = Self.sample.replacing(#""result":null"#, with: #""result":"\#(result)""#)
        return change.map { text.replacing($0.0, with: $0.1) } ?? text
    }

    @Test func status_isATable() throws {
        let status = try ServiceStatus(json: Array(Self.sample.utf8))
        #expect(
            StatusTable(status, style: .plain).text == """
                state           draining for 3s, not ready
                process         pid 4711, version 0.1.0
                uptime          1d00h
                listen          127.0.0.1:8888
                admin           127.0.0.1:8889
                connections     2 active of 60 accepted
                  peer_closed   8
                  drained       50
                bytes           1048576 received, 1048576 sent, 0 unread, 4096 unacked
                lines           16384
                drain 1         by api, mode close, then hold
                  time          3s of 20s, 16s left
                  waits for     1 peer_read, 1 peer_close
                  closed        50 (by either side)
                  marked        52 that it began to close
                  accept queue  lossless, 4 taken from it
                  late          120 bytes discarded
                  waiters       1
                """)
        #expect(StatusTable(status, style: .coloured).text.contains("\u{1b}[33mdraining\u{1b}[0m"))
    }

    @Test func status_namesALossOnce() throws {
        let json = over("lost", changing: (#""lost_received":0"#, #""lost_received":517000"#))
        let text = StatusTable(try ServiceStatus(json: Array(json.utf8)), style: .plain).text
        #expect(text.contains("\n  lost          517000 bytes never answered and 0 never acknowledged\n"))
    }

    @Test func status_ofForeignText_isEscaped() throws {
        let json = Self.sample.replacing("127.0.0.1:8888", with: #"unix:/a\u001b[2J\u202e"#)
        let text = StatusTable(try ServiceStatus(json: Array(json.utf8)), style: .plain).text
        #expect(text.contains(#"unix:/a\x1b[2J\xe2\x80\xae"#))
    }

    /// A server may count as it likes; the command does not trap.
    @Test(
        arguments: [
            ("\"waiters\":1", "\"waiters\":-1", "waiters       -1"),
            ("16880", "9223372036854", "106751d23h left"), ("16880", "-9223372036854", "0ms left"),
            ("\"active\":2", "\"active\":-9223372036854775808", "-9223372036854775808 active"),
            ("\"closed\":50", "\"closed\":18446744073709551615", "18446744073709551615 (by either side)"),
        ])
    func status_ofOddNumbers_isATable(figure: String, odd: String, shown: String) throws {
        let status = try ServiceStatus(json: Array(Self.sample.replacing(figure, with: odd).utf8))
        #expect(StatusTable(status, style: .plain).text.contains(shown))
        #expect(!DrainText.progress(status).isEmpty)
        #expect(!DrainText.begun(status, joined: false).isEmpty)
    }

    @Test(
        arguments: [
            "", "{}", "[]", "null", "<html>", #"{"state":"serving"}"#,
            sample.replacing(#""draining""#, with: #""sleeping""#), sample.replacing("4711", with: #""4711""#),
            sample.replacing(#""api""#, with: #""signal:KILL""#),
            // Three hundred years and more, which nobody can add up in nanoseconds.
            sample.replacing("86400000", with: "9223372036854775807"),
            sample.replacing("16880", with: "-9223372036854775808"),
            sample.replacing("3120", with: "9223372036855"),
        ])
    func otherJSON_isAnError(json: String) {
        #expect(throws: ReadingError.self) { try ServiceStatus(json: Array(json.utf8)) }
    }

    @Test func verdict_ofWaiting_isTheResults() throws {
        let clean = try DrainVerdict(answer(200, over("clean")), asJSON: false)
        #expect(clean.output == "clean: 50 connections closed, nothing lost, took 3.1 s")
        #expect((clean.exitCode, clean.complaint) == (0, ""))
        #expect(try DrainVerdict(answer(500, over("forced")), asJSON: false).exitCode == 2)
        let lost = over("lost", changing: (#""lost_sent":0"#, #""lost_sent":7"#))
        let verdict = try DrainVerdict(answer(500, lost), asJSON: false)
        #expect(verdict.exitCode == 3)
        #expect(
            verdict.output
                == "lost: 50 connections closed, lost 0 bytes never answered and 7 never acknowledged, took 3.1 s")
    }

    /// Unfinished lines are not among the lost bytes, and the counts by reason are of all drains.
    @Test(
        arguments: [
            ([], "2 cut before the deadline, nothing lost"),
            ([("20000", "3120")], "2 cut at the deadline, nothing lost"),
            (
                [(#""incomplete":0"#, #""incomplete":4"#), ("20000", "3000")],
                "2 cut at the deadline, 4 bytes of unfinished lines given up, nothing else lost"
            ),
            ([(#""mode":"close""#, #""mode":"abort""#)], "2 cut by mode abort, nothing lost"),
            ([(#""id":1"#, #""id":2"#)], "some cut before the deadline, nothing lost"),
            ([(#""id":1"#, #""id":2"#), (#""forced":2"#, #""forced":1"#)], "1 cut before the deadline, nothing lost"),
            (
                [(#""result":"forced""#, #""result":"lost""#), (#""lost_sent":0"#, #""lost_sent":7"#)],
                "2 cut before the deadline, lost 0 bytes never answered and 7 never acknowledged"
            ),
            (
                [
                    (#""result":"forced""#, #""result":"lost""#), (#""lost_sent":0"#, #""lost_sent":7"#),
                    (#""id":1"#, #""id":2"#),
                ], "lost 0 bytes never answered and 7 never acknowledged"
            ),
            (
                [(#""result":"forced""#, #""result":"clean""#), (#""incomplete":0"#, #""incomplete":4"#)],
                "4 bytes of unfinished lines given up, nothing else lost"
            ),
        ] as [([(String, String)], String)])
    func verdict_namesWhatWasCutAndGivenUp(changes: [(String, String)], words: String) throws {
        let forced = over("forced", changing: (#""forced":0"#, #""forced":2"#))
        let body = changes.reduce(forced) { $0.replacing($1.0, with: $1.1) }
        let output = try DrainVerdict(answer(500, body), asJSON: false).output
        let result = try #require(output.firstRange(of: ": 50 connections closed, "))
        #expect(output[result.upperBound...] == "\(words), took 3.1 s")
    }

    @Test func verdict_notToTheEnd_is4() throws {
        let limit = try DrainVerdict(answer(504), asJSON: false)
        #expect(limit.exitCode == 4 && limit.output.isEmpty)
        #expect(
            limit.complaint == "the drain goes on: draining, 2 connections left (1 peer_read, 1 peer_close), 17 s left")
        let back = over("undrained", changing: (#""draining""#, #""serving""#))
        let undrained = try DrainVerdict(answer(409, back), asJSON: false)
        #expect(undrained.exitCode == 4 && undrained.output.isEmpty)
        #expect(undrained.complaint == "undrained meanwhile: the service is serving")
    }

    @Test func verdict_withoutWaiting_isOneLine() throws {
        #expect(try DrainVerdict(answer(202), asJSON: false).output == "draining 2 connections, at most 17 s")
        let joined = Self.sample.replacing(#""lines""#, with: #""joined":true,"lines""#)
        #expect(
            try DrainVerdict(answer(202, joined), asJSON: false).output
                == "joined, draining 2 connections, at most 17 s")
        let json = try DrainVerdict(answer(202), asJSON: true)
        #expect(json.output + "\n" == Self.sample && json.exitCode == 0)
    }

    @Test func verdict_ofShutdownBeforeServing_isClean() throws {
        let drainless = Self.withoutDrain.replacing(#""draining""#, with: #""exiting""#)
        let verdict = try DrainVerdict(answer(200, drainless), asJSON: false)
        #expect((verdict.output, verdict.exitCode) == ("exiting", 0))
    }

    private static var withoutDrain: String {
        let ends = [#""drain":{"#, #","exit_code""#].compactMap { sample.firstRange(of: $0) }
        return sample[..<ends[0].lowerBound] + #""drain":null"# + sample[ends[1].lowerBound...]
    }

    @Test(arguments: [400, 401, 403, 404, 409, 500, 503])
    func problem_isItsDetail_escaped(status: Int) throws {
        let problem = #"{"detail":"Do this.\u001b[2J\n","status":400,"title":"x","type":"about:blank"}"#
        let verdict = try DrainVerdict(answer(status, problem, type: "application/problem+json"), asJSON: true)
        #expect((verdict.exitCode, verdict.output) == (1, ""))
        #expect(verdict.complaint == #"Do this.\x1b[2J\x0a"#)
    }

    @Test func refusalWithoutAProblem_saysStatusAndFirstLine() throws {
        let verdict = try DrainVerdict(answer(302, "<\u{9b}2Jmoved>\nmore", type: "text/html"), asJSON: false)
        #expect(verdict.complaint == #"HTTP status 302: <\xc2\x9b2Jmoved>"#)
        #expect(Refusal.text(answer(418, "")) == "HTTP status 418")
        let long = #"{"detail":"\#(String(repeating: "x", count: 100_000))"}"#
        #expect(Refusal.text(answer(409, long, type: "application/problem+json")).utf8.count == 2000)
    }

    @Test(arguments: ["{\n}", "{\"a\":\"\u{9b}\"}", "\u{1b}", "", "\n"])
    func jsonThatCouldSteerATerminal_isNotPrinted(text: String) {
        #expect(throws: ReadingError.self) { try JSONLine.text(Array(text.utf8)) }
    }

    @Test func colour_needsATerminal_andNobodyAgainstIt() {
        let xterm = ["TERM": "xterm"]
        #expect(TextStyle(isTerminal: true, environment: xterm) == .coloured)
        #expect(TextStyle(isTerminal: true, environment: xterm.merging(["NO_COLOR": ""]) { $1 }) == .coloured)
        #expect(TextStyle(isTerminal: true, environment: xterm.merging(["NO_COLOR": "0"]) { $1 }) == .plain)
        #expect(TextStyle(isTerminal: false, environment: xterm) == .plain)
        #expect(TextStyle(isTerminal: true, environment: ["TERM": "dumb"]) == .plain)
        #expect(TextStyle(isTerminal: true, environment: [:]) == .plain)
    }
}
