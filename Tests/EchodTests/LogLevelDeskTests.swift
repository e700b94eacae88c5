import Admin
import EchoCore
import Logging
import Testing

@testable import echod

@Suite struct LogLevelDeskTests {
    private let folder = TestFolder()
    private let sink = MemorySink()

    private func desk(_ arguments: [String], _ environment: [String: String] = [:]) throws -> LogLevelDesk {
        let options = try serveOptions(arguments, environment)
        let output = LogOutput(level: options.logLevel, format: .text, sink: sink)
        return LogLevelDesk(options, output: output, log: output.logger())
    }

    private func write(_ content: String) -> String { folder.write(content, to: "echod.json") }

    @Test func change_isTheAdmins_andLeavesAWordEvenWhenGoingSilent() throws {
        let desk = try desk([])
        #expect(desk.current == (.info, "default"))
        desk.change(to: .critical)
        #expect(desk.current == (.critical, "admin"))
        #expect(sink.takeLines() == ["notice log level now=critical source=admin was=info\n"])
        desk.change(to: .debug)
        #expect(sink.takeLines() == ["notice log level now=debug source=admin was=critical\n"])
    }

    @Test func reload_takesTheLevelOfTheFile_alsoAfterTheAdmin() throws {
        let desk = try desk(["--config", write("{\"log-level\": \"error\"}")])
        #expect(desk.current == (.error, "file"))
        desk.change(to: .trace)
        desk.reload()
        #expect(desk.current == (.error, "file"))
        _ = write("{\"log-level\": \"debug\"}")
        desk.reload()
        #expect(desk.current == (.debug, "file"))
        _ = write("{}")
        desk.reload()
        #expect(desk.current == (.info, "default"))
    }

    @Test(arguments: ["{\"log-level\": \"loud\"}", "{", "{\"bogus\": 1}", "{\"log-level\": \"debug\", \"loops\": 0}"])
    func reload_ofABadFile_changesNothingAndSaysSo(content: String) throws {
        let desk = try desk(["--config", write("{\"log-level\": \"warning\"}")])
        _ = write(content)
        desk.reload()
        #expect(desk.current == (.warning, "file"))
        let lines = sink.takeLines()
        #expect(
            lines.count == 1 && lines[0].hasPrefix("error the configuration file was not taken, nothing has changed"))
    }

    @Test func reload_withALevelByFlagOrEnvironment_keepsIt() throws {
        let path = write("{\"log-level\": \"debug\"}")
        let byFlag = try desk(["--config", path, "--log-level", "notice"])
        byFlag.reload()
        #expect(byFlag.current == (.notice, "flag"))
        #expect(sink.takeLines().map { $0.contains("given_by=flag") && $0.contains("now=notice") } == [true])
        let byVariable = try desk(["--config", path], ["ECHOD_LOG_LEVEL": "notice"])
        byVariable.reload()
        #expect(byVariable.current == (.notice, "environment"))
    }

    @Test func reload_withoutAFile_saysThatThereIsNone() throws {
        try desk([]).reload()
        #expect(sink.takeLines() == ["notice nothing to read again: there is no configuration file\n"])
    }
}

@Suite struct RunningSettingsTests {
    private func settings(_ arguments: [String], _ environment: [String: String] = [:]) throws -> [EffectiveOption] {
        let options = try serveOptions(arguments, environment)
        let output = LogOutput(level: options.logLevel, format: .text, sink: MemorySink())
        let desk = LogLevelDesk(options, output: output, log: output.logger())
        let linger = options.drainDefaults(everyTCPListenerIsLoopback: true).acceptLinger
        return RunningSettings(given: options, acceptLinger: linger, desk: desk).options()
    }

    @Test func everyOption_isThereOnce() throws {
        #expect(try settings([]).map(\.name) == ServeOption.allCases.map(\.rawValue))
        #expect(try settings([]).allSatisfy { $0.source == "default" })
    }

    /// What is shown can be written into a configuration file and means the same.
    @Test(arguments: Sample.all) func value_isThatOfAConfigurationFile(sample: Sample) throws {
        let shown = try #require(
            settings([sample.option.flag, sample.value]).first { $0.name == sample.option.rawValue })
        #expect(shown.source == "flag")
        let text =
            switch shown.value {
            case .text(let text): "\"\(text)\""
            case .number(let number): "\(number)"
            case .toggle(let isOn): "\(isOn)"
            case .list(let texts): "[\(texts.map { "\"\($0)\"" }.joined(separator: ","))]"
            case .none: "null"
            }
        let folder = TestFolder()
        let path = folder.write("{\"\(sample.option.rawValue)\": \(text)}", to: "echod.json")
        #expect(try sample.resolved(serveOptions(["--config", path])) == sample.expected)
    }

    @Test func whatIsNotGiven_isShown() throws {
        let options = Dictionary(uniqueKeysWithValues: try settings(["--admin", "none"]).map { ($0.name, $0.value) })
        #expect(options["admin"] == .list(["none"]) && options["admin-host"] == .list([]))
        #expect(options["accept-linger"] == .text("50ms") && options["idle-timeout"] == .text("off"))
        #expect(options["report"] == EffectiveOption.Value.none && options["config"] == EffectiveOption.Value.none)
        #expect(options["max-connections"] == .number(1000) && options["admin-allow-remote"] == .toggle(false))
    }
}
