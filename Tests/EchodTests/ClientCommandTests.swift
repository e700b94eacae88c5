import AdminClient
import Basics
import EventLoops
import Options
import Testing

@testable import ClientCommands
@testable import echod

@Suite struct ClientCommandTests {
    private func work(_ arguments: [String], _ environment: [String: String] = [:]) -> (any ClientWork)? {
        guard case .client(let work) = ParsedCommand.parse(arguments: arguments, environment: environment) else {
            return nil
        }
        return work
    }

    private func failure(_ arguments: [String], _ environment: [String: String] = [:]) -> String? {
        guard
            case .exit(64, "", let error) = ParsedCommand.parse(arguments: arguments, environment: environment)
        else { return nil }
        return error
    }

    private func address(_ arguments: [String], _ environment: [String: String] = [:]) -> String? {
        (work(["status"] + arguments, environment) as? StatusWork)?.admin.address.description
    }

    // MARK: Which admin

    @Test func admin_isTheFirstThatIsNotNone() {
        let both = ["ECHOD_ADMIN": "none, unix:/run/a.sock ,:7"]
        #expect(address([]) == "127.0.0.1:8889")
        #expect(address([], ["ECHOD_ADMIN": ""]) == "127.0.0.1:8889")
        #expect(address([], both) == "unix:/run/a.sock")
        #expect(address(["--admin", "none", "--admin", ":9", "--admin", "x"], both) == ":9")
    }

    @Test(arguments: [["--admin", "none"], ["--admin", ":0"], ["--admin", "localhost:0"], ["--admin", "8889"]])
    func admin_thatCannotBeTalkedTo_isBadUsage(arguments: [String]) {
        let error = failure(["status"] + arguments)
        #expect(error?.hasPrefix("echod: --admin \"\(arguments[1])\" (from the command line): ") == true)
        #expect(error?.contains("\nallowed: HOST:PORT") == true)
        let fromEnvironment = failure(["status"], ["ECHOD_ADMIN": arguments[1]])
        #expect(fromEnvironment?.contains("(from the environment variable ECHOD_ADMIN)") == true)
    }

    @Test func tokenFile_knowsWhetherItWasNamed() {
        let variables = ["ECHOD_ADMIN_TOKEN_FILE": "/env"]
        let named = work(["drain", "--admin-token-file", "/flag"], variables) as? DrainWork
        #expect(
            named?.admin.tokenFile
                == .init(path: "/flag", origin: "the command line", isNamedOnCommandLine: true))
        let unnamed = work(["drain"], variables) as? DrainWork
        #expect(
            unnamed?.admin.tokenFile
                == .init(
                    path: "/env", origin: "the environment variable ECHOD_ADMIN_TOKEN_FILE", isNamedOnCommandLine: false
                ))
        #expect((work(["drain"], ["ECHOD_ADMIN_TOKEN_FILE": ""]) as? DrainWork)?.admin.tokenFile == nil)
    }

    // MARK: Time

    @Test(
        arguments: [
            ([], 10), (["--wait=30s"], 40), (["--wait"], 86_410), (["--wait", "--timeout", "2s"], 12),
            (["--wait=30s", "--timeout", "2s"], 40),
        ])
    func answer_isNotWaitedForBeyondWhatIsKnown(arguments: [String], seconds: Int) {
        #expect((work(["drain"] + arguments) as? DrainWork)?.limit == .seconds(seconds))
    }

    // MARK: Optional values

    @Test(
        arguments: [
            (["drain"], []), (["drain", "--wait"], ["wait"]), (["shutdown", "--wait=30s"], ["wait=30s"]),
            (["shutdown", "--wait", "--mode", "wait"], ["mode=wait", "wait"]),
            (["drain", "--wait=0s", "--timeout", "1m", "--delay=5s"], ["delay=5s", "timeout=1m", "wait=0s"]),
        ])
    func drain_namesWhatItIsGiven(arguments: [String], expected: [String]) throws {
        let work = try #require(work(arguments) as? DrainWork)
        #expect(work.path == "/\(arguments[0])")
        #expect(work.parameters.map { $0.name + ($0.value.map { "=\($0)" } ?? "") } == expected)
    }

    @Test(
        arguments: [
            (["drain", "--wait="], "Missing value for '--wait'"), (["drain", "--wait=5"], "write 5s for seconds"),
            (["drain", "--wait", "5s"], "--wait=DUR"), (["drain", "--wait=25h"], "0s to 24h"),
            (["drain", "--timeout", "50ms"], "100ms to 24h"), (["drain", "--mode", "kill"], "wait, close, abort"),
            (["drain", "--delay", "5s", "--timeout=5s"], "less than 5s"), (["undrain", "--wait"], "--wait"),
            (["connections", "--state", "x"], "open, closing, half_closed, closed"),
            (["connections", "--blocked-on", "x"], "unread_input"), (["connections", "--sort", "peer"], "received"),
            (["connections", "--limit", "1001"], "1 to 1000"), (["connections", "--peer", "host:1"], "10.0.0.9:51234"),
            (["probe", "healthz"], "livez"), (["probe"], "see echod probe --help"), (["status", "x"], "'x'"),
            (["--admin", ":1", "status"], "options follow the command: echod status --admin ADDR"),
        ])
    func badUsage_saysWhatIsAllowed(arguments: [String], expected: String) {
        let error = failure(arguments)
        #expect(error?.hasPrefix("echod: ") == true)
        #expect(error?.contains(expected) == true, "\(error ?? "no failure")")
    }

    @Test(
        arguments: [
            "10.0.0.9", "10.0.0.9:1", "::1", "[::1]", "[::1]:5", "fe80::1%eth0", "[fe80::1%eth0]:5", "::ffff:10.0.0.9",
            "unix", "unix:/a b",
        ])
    func peer_isAnAddress(peer: String) throws {
        let work = try #require(work(["connections", "--peer", peer]) as? ConnectionsWork)
        #expect(work.request.parameters == [.init("peer", peer)])
    }

    @Test(
        arguments: [
            "", "x", "10.0.0", "10.0.0.9:", "10.0.0.9:65536", "10.0.0.9:+5", "[10.0.0.9]", "[10.0.0.9]:5",
            "10.0.0.9%eth0", "fe80::1%", "127.1", "010.0.0.9", "::1]:5", "[10.0.0.9", "unixx",
        ])
    func peer_isNothingElse(peer: String) {
        #expect(failure(["connections", "--peer", peer])?.contains("this is not an address") == true)
    }

    // MARK: Help

    @Test(arguments: ["status", "connections", "drain", "undrain", "shutdown", "probe"])
    func help_fitsAScreen(command: String) {
        for arguments in [[command, "--help"], [command, "-h"], ["help", command], [command, "--bogus", "--help"]] {
            guard case .exit(0, let text, "") = ParsedCommand.parse(arguments: arguments, environment: [:]) else {
                Issue.record("no help for \(arguments)")
                continue
            }
            #expect(text.contains("USAGE: echod \(command) "))
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= 24 && lines.allSatisfy { $0.count <= 80 }, "\(text)")
        }
    }

    // MARK: Screens

    @Test func screen_isNeverLongerThanTheTerminal() throws {
        let row = #"""
            {"age_ms":9000,"blocked_on":null,"id":17,"idle_ms":80,"late_discarded":0,"lines":64,"local":"10.0.0.5:7",\#
            "mode":"upper","opened_at":"2026-11-21T12:00:00.000Z","partial_line":3,"peer":"10.0.0.9:51234",\#
            "reason":null,"received":4096,"sent":4096,"state":"open","unacked":0,"unread":0}
            """#
        let rows = Array(repeating: row, count: 30).joined(separator: ",")
        let body = Array(#"{"connections":[\#(rows)],"next":null,"total":312}"#.utf8)
        let answer = AdminAnswer(http: .init(status: 200, headers: [], body: body), peer: .unix(path: "/a"))
        let view = ConnectionsView(asJSON: false)
        for height in 1...40 {
            let lines = try view.screen(answer, .init(columns: 30, rows: height))
            #expect(lines.count == min(height, 33))
            #expect(lines.allSatisfy { $0.utf8.count <= 30 })
        }
        let lines = try view.screen(answer, .init(columns: 80, rows: 10))
        #expect(lines.first == "30 of 312 connections at unix:/a; Ctrl-C ends this")
        #expect(lines.last == "... and 24 more")
        #expect(try view.text(answer, width: nil).hasSuffix("\n30 of 312"))
    }
}
