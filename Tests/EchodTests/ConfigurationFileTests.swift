import Basics
import EchoCore
import Options
import TestSupport
import Testing
import Wire

@testable import echod

@Suite struct ConfigurationFileTests {
    private let folder = TestFolder()

    private func options(
        _ content: String, _ arguments: [String] = [], _ environment: [String: String] = [:]
    ) throws -> ServeOptions {
        try serveOptions(["--config", folder.write(content, to: "echod.json")] + arguments, environment)
    }

    private func setting(_ option: OptionText, _ value: String) -> String { "{\"\(option.name)\": \"\(value)\"}" }

    @Test(arguments: Sample.all) func file_isTaken(sample: Sample) throws {
        let options = try options(setting(sample.option, sample.value))
        #expect(sample.resolved(options) == sample.expected)
        #expect(options.setting(sample.option).source == .file)
    }

    @Test(arguments: Sample.all) func environmentAndFlag_winOverTheFile(sample: Sample) throws {
        let file = setting(sample.option, sample.other)
        let variable = [sample.option.environmentVariable: sample.value]
        let byVariable = try options(file, [], variable)
        #expect(sample.resolved(byVariable) == sample.expected)
        #expect(byVariable.setting(sample.option).source == .environment)
        let byFlag = try options(file, [sample.option.flag, sample.value], [sample.option.environmentVariable: "none"])
        #expect(sample.resolved(byFlag) == sample.expected)
        #expect(byFlag.setting(sample.option).source == .flag)
    }

    @Test(arguments: Sample.all) func emptyVariable_leavesItToTheFile(sample: Sample) throws {
        let options = try options(setting(sample.option, sample.value), [], [sample.option.environmentVariable: ""])
        #expect(sample.resolved(options) == sample.expected)
    }

    @Test func numbersSwitchesAndLists_needNoQuotationMarks() throws {
        let options = try options(
            """
            {
              // one
              "max-connections": 12, /* two */ "admin-allow-remote": true,
              "listen": [":1", "unix:/a,b"],
              "admin-host": "one.example", // a list of one
            }
            """)
        #expect(options.maxConnections == 12 && options.adminAllowRemote)
        #expect(options.listen == [.everyInterface(port: 1), .unix(path: "/a,b")])
        #expect(options.adminHost == ["one.example"])
        #expect(options.setting(options.table.adminAllowRemote.text).source == .file)
    }

    @Test func file_namedByTheEnvironment_isTaken() throws {
        let path = folder.write(setting(declaredOption("mode"), "verbatim"), to: "echod.json")
        let options = try serveOptions([], ["ECHOD_CONFIG": path])
        #expect(options.mode == .verbatim && options.config == path)
        #expect(options.setting(options.table.config.text).source == .environment)
        let other = folder.write(setting(declaredOption("mode"), "upper"), to: "other.json")
        #expect(try serveOptions(["--config", other], ["ECHOD_CONFIG": path]).mode == .upper)
    }

    @Test(
        arguments: [
            ("", "line 1: expected {", "such as {\"drain-timeout\""),
            ("[]", "line 1: expected {", "such as"),
            ("{\n\"mode\": \"upper\"\n\"loops\": 1}", "line 3: expected a comma or }", "such as"),
            (
                "{\"drain-timout\": \"5s\"}", "unknown option \"drain-timout\", did you mean \"drain-timeout\"?",
                "listen, admin"
            ),
            ("{\"bogus\": 1}", "line 1: unknown option \"bogus\"", "listen, admin, mode"),
            ("{\"--mode\": \"upper\"}", "did you mean \"mode\"?", "mode"),
            ("{\"config\": \"a.json\"}", "cannot name another", "remove the key"),
            (
                "{\"mode\": \"upper\",\n\"mode\": \"verbatim\"}", "line 2: the key \"mode\" is already in line 1",
                "such as"
            ),
            ("{\"\\u001b[2J\": 1}", "\\x1b[2J", "listen"),
            ("\u{FF}", "line 1: expected {", "such as"),
        ])
    func fileThatIsWrong_namesTheFileAndTheLine(content: String, problem: String, allowed: String) {
        let refused = #expect(throws: Refused.self) { try options(content) }
        #expect(refused?.code == 64)
        #expect(
            refused?.error.hasPrefix("echod: --config \"\(folder.path)/echod.json\" (from the command line)") == true)
        #expect(refused?.error.contains(problem) == true, "\(refused?.error ?? "")")
        let advice = refused?.error.split(separator: "\n").last ?? ""
        #expect(advice.hasPrefix("allowed: ") && advice.contains(allowed), "\(advice)")
    }

    @Test(
        arguments: [
            ("{\"drain-timeout\": 20}", "--drain-timeout \"20\"", "write 20s"),
            ("{\"listen\": 8888}", "--listen \"8888\"", "write :8888"),
            ("{\"mode\": [\"upper\"]}", "--mode \"[upper]\"", "not a list"),
            ("{\"mode\": null}", "--mode \"null\"", "leave the key out"),
            ("{\"report\": true}", "--report \"true\"", "wrong type"),
            ("{\"report\": 7}", "--report \"7\"", "wrong type"),
            ("{\"admin-allow-remote\": 1}", "--admin-allow-remote \"1\"", "wrong type"),
            ("{\"admin-allow-remote\": \"maybe\"}", "--admin-allow-remote \"maybe\"", "neither true nor false"),
            ("{\"listen\": []}", "--listen \"[]\"", "empty"),
            ("{\"listen\": [\":1\", false]}", "--listen \"[:1, false]\"", "wrong type"),
            ("{\"listen\": [\":1\", \"x\"]}", "--listen \"x\"", "port is missing"),
            ("{\"max-line\": 1.5}", "--max-line \"1.5\"", "not a whole number"),
        ])
    func valueThatIsWrong_namesOptionLineAndFile(content: String, option: String, problem: String) {
        let refused = #expect(throws: Refused.self) { try options(content) }
        #expect(refused?.error.hasPrefix("echod: \(option) (from line 1 of \(folder.path)/echod.json)") == true)
        #expect(refused?.error.contains(problem) == true, "\(refused?.error ?? "")")
        #expect(refused?.error.split(separator: "\n").count == 2)
    }

    @Test func fileThatIsTooLarge_isRefused() {
        let content = "{}" + String(repeating: " ", count: 1 << 20)
        let refused = #expect(throws: Refused.self) { try options(content) }
        #expect(refused?.error.contains("larger than 1048576 bytes") == true)
    }

    @Test func relation_isJudgedOverAllSources() {
        let refused = #expect(throws: Refused.self) {
            try options("{\"drain-delay\": \"6s\"}", ["--drain-timeout", "5s"])
        }
        #expect(refused?.error.contains("--drain-delay \"6s\" (from line 1 of ") == true)
    }
}
