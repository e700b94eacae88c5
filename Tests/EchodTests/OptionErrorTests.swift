import Options
import TestSupport
import Testing

@testable import echod

/// A value that is refused, a part of the reason, and a part of what is allowed instead.
struct Mistake: Sendable, CustomTestStringConvertible {
    var option: OptionText
    var value: String
    var problem: String
    var allowed: String

    var testDescription: String { "\(option.flag) \(value)" }

    init(_ option: String, _ value: String, _ problem: String, _ allowed: String) {
        self.option = declaredOption(option)
        self.value = value
        self.problem = problem
        self.allowed = allowed
    }

    static let all = [
        Mistake("listen", "8888", "write :8888", "HOST:PORT, [V6]:PORT, :PORT, unix:PATH"),
        Mistake("listen", "none", "the port is missing", "HOST:PORT"),
        Mistake("admin", "localhost:70000", "out of range", "HOST:PORT, [V6]:PORT, :PORT, unix:PATH, or none"),
        Mistake("mode", "lower", "unknown value", "upper, verbatim"),
        Mistake("loops", "0", "out of range", "1 to 256"),
        Mistake("loops", "257", "out of range", "1 to 256"),
        Mistake("loops", "two", "not a whole number", "1 to 256"),
        Mistake("loops", "+2", "not a whole number", "1 to 256"),
        Mistake("max-connections", "0", "out of range", "1 to 1000000000"),
        Mistake("max-connections", "99999999999999999999", "out of range", "1 to 1000000000"),
        Mistake("max-line", "0", "out of range", "1 to 16777216 bytes (16 MiB)"),
        Mistake("max-line", "64k", "not a whole number", "1 to 16777216 bytes"),
        Mistake("idle-timeout", "20", "write", "20s"),
        Mistake("idle-timeout", "0s", "write off for no limit", "1ms to 24h, such as 500ms, 20s, 2m or 1h, or off"),
        Mistake("write-timeout", "25h", "too long", "1ms to 24h"),
        Mistake("linger", "off", "", "0s to 24h"), Mistake("close-timeout", "99ms", "", "100ms to 24h"),
        Mistake("accept-linger", "1 s", "", "0s to 24h"),
        Mistake("drain-mode", "kill", "unknown value", "wait, close, abort"),
        Mistake("drain-delay", "20s", "must be smaller than --drain-timeout 20s (default)", "less than 20s"),
        Mistake("drain-timeout", "99ms", "too short", "100ms to 24h"),
        Mistake("drain-timeout", "25h", "too long", "100ms to 24h"),
        Mistake("drain-spread", "soon", "", "0s to 24h"),
        Mistake("report", "/var/log/", "this is a directory", "the path of a file"),
        Mistake("admin-token-file", "/nowhere/token", "No such file", "16 to 4096 printable ASCII bytes"),
        Mistake("admin-token-file", "/tmp", "not a regular file", "a regular file"),
        Mistake("admin-host", "a:80", "a port or a URL is not part", "a host name without a port"),
        Mistake("admin-host", "*.org", "a wildcard is *. and a name of at least two labels", "*.example.org"),
        Mistake("admin-host", "a b", "letters, digits", "a host name without a port"),
        Mistake("log-level", "INFO", "unknown value", "trace, debug, info, notice, warning, error, critical"),
        Mistake("log-format", "xml", "unknown value", "text, json"),
        Mistake("config", "/nowhere/echod.json", "No such file", "a readable, regular file of at most 1048576 bytes"),
        Mistake("config", "/dev/zero", "not a regular file", "a readable, regular file"),
    ]
}

@Suite struct OptionErrorTests {
    @Test func mistakes_coverEveryOptionWithAValue() {
        #expect(
            Set(Mistake.all.map(\.option.name)) == Set(declaredOptions.map(\.name)).subtracting(["admin-allow-remote"]))
    }

    @Test(arguments: Mistake.all) func flag_isRefused(mistake: Mistake) {
        expectRefused([mistake.option.flag, mistake.value], [:], mistake, origin: "the command line")
    }

    @Test(arguments: Mistake.all) func environment_isRefused(mistake: Mistake) {
        let variable = mistake.option.environmentVariable
        expectRefused([], [variable: mistake.value], mistake, origin: "the environment variable \(variable)")
    }

    @Test(arguments: Mistake.all.filter { $0.option.name != "config" }) func file_isRefused(mistake: Mistake) {
        let folder = TestFolder()
        let path = folder.write("// hello\n{\"\(mistake.option.name)\": \"\(mistake.value)\"}", to: "c.json")
        expectRefused(["--config", path], [:], mistake, origin: "line 2 of \(path)")
    }

    private func expectRefused(
        _ arguments: [String], _ environment: [String: String], _ mistake: Mistake, origin: String
    ) {
        let refused = #expect(throws: Refused.self) { try serveOptions(arguments, environment) }
        guard let refused else { return }
        #expect(refused.code == 64)
        let lines = refused.error.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 3, lines[2].isEmpty else {
            Issue.record("not two lines: \(refused.error)")
            return
        }
        #expect(lines[0].hasPrefix("echod: \(mistake.option.flag) \"\(mistake.value)\" (from \(origin)): "))
        #expect(mistake.problem.isEmpty || lines[0].contains(mistake.problem), "\(lines[0])")
        #expect(lines[1].hasPrefix("allowed: ") && lines[1].contains(mistake.allowed), "\(lines[1])")
    }

    @Test func adminAllowRemote_fromTheEnvironment_isRefused() {
        let refused = #expect(throws: Refused.self) { try serveOptions([], ["ECHOD_ADMIN_ALLOW_REMOTE": "maybe"]) }
        #expect(refused?.error.contains("ECHOD_ADMIN_ALLOW_REMOTE") == true)
        #expect(refused?.error.contains("true or false") == true)
    }

    @Test func adminNone_besideAnAddress_isRefused() {
        let refused = #expect(throws: Refused.self) { try serveOptions(["--admin", "none", "--admin", ":1"]) }
        #expect(refused?.error.contains("none cannot be combined with an address") == true)
    }

    @Test func delay_againstATimeoutFromTheEnvironment_namesBoth() {
        let refused = #expect(throws: Refused.self) {
            try serveOptions(["--drain-delay", "5s"], ["ECHOD_DRAIN_TIMEOUT": "5s"])
        }
        #expect(refused?.error.contains("--drain-delay \"5s\" (from the command line)") == true)
        #expect(refused?.error.contains("--drain-timeout 5s (environment)") == true)
    }

    @Test func emptyFlag_isRefused() {
        let refused = #expect(throws: Refused.self) { try serveOptions(["--mode", ""]) }
        #expect(refused?.error.contains("the value is empty") == true)
    }

    @Test func oneBadAddressOfAList_isNamedAlone() {
        let refused = #expect(throws: Refused.self) { try serveOptions([], ["ECHOD_LISTEN": ":1,,:2"]) }
        #expect(refused?.error.contains("--listen \"\" (from the environment variable ECHOD_LISTEN)") == true)
    }

    @Test func controlCharacters_areShownEscaped() {
        let refused = #expect(throws: Refused.self) { try serveOptions(["--mode", "\u{1B}[2J\n\u{85}"]) }
        #expect(refused?.error.contains("\"\\x1b[2J\\x0a\\xc2\\x85\"") == true)
        // `ś` holds the byte 9b, which begins an escape sequence on a terminal that reads no UTF-8.
        for arguments in [["--mode", "\u{202E}ś"], ["status", "--admin", "\u{202E}ś"]] {
            guard case .exit(64, "", let error) = ParsedCommand.parse(arguments: arguments, environment: [:]) else {
                Issue.record("not refused: \(arguments)")
                continue
            }
            #expect(error.contains("\"\\xe2\\x80\\xae\\xc5\\x9b\" (from the command line): "))
        }
    }

    @Test func longValues_areShownInPart() {
        let mode = String(repeating: "é", count: 1000)
        let refused = #expect(throws: Refused.self) { try serveOptions(["--mode", mode]) }
        #expect((200..<400).contains(refused?.error.utf8.count ?? 0))
        #expect(refused?.error.contains("\\xc3\\xa9...\" (from") == true)
    }

    @Test func defaultLoops_areWithinTheirBounds() {
        #expect(HostLimits(usableCPUs: 0).defaultLoops == 1)
        #expect(HostLimits(usableCPUs: 1000).defaultLoops == 256)
    }
}
