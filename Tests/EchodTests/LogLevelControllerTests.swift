import Admin
import EchoCore
import Logging
import Logs
import Options
import TestSupport
import Testing

@testable import echod

@Suite struct LogLevelControllerTests {
    private let folder = TestFolder()
    private let sink = MemorySink()

    private func controller(_ arguments: [String], _ environment: [String: String] = [:]) throws -> LogLevelController {
        let options = try serveOptions(arguments, environment)
        let output = LogOutput(level: options.logLevel, format: .text, sink: sink)
        return LogLevelController(options, output: output, log: output.logger())
    }

    private func write(_ content: String) -> String { folder.write(content, to: "echod.json") }

    @Test func change_isTheAdmins_andLeavesAWordEvenWhenGoingSilent() throws {
        let controller = try controller([])
        #expect(controller.current == (.info, "default"))
        controller.change(to: .critical)
        #expect(controller.current == (.critical, "admin"))
        #expect(sink.takeLines() == ["notice log level now=critical source=admin was=info\n"])
        controller.change(to: .debug)
        #expect(sink.takeLines() == ["notice log level now=debug source=admin was=critical\n"])
    }

    @Test func reload_takesTheLevelOfTheFile_alsoAfterTheAdmin() throws {
        let controller = try controller(["--config", write("{\"log-level\": \"error\"}")])
        #expect(controller.current == (.error, "file"))
        controller.change(to: .trace)
        controller.reload()
        #expect(controller.current == (.error, "file"))
        _ = write("{\"log-level\": \"debug\"}")
        controller.reload()
        #expect(controller.current == (.debug, "file"))
        _ = write("{}")
        controller.reload()
        #expect(controller.current == (.info, "default"))
    }

    @Test(arguments: ["{\"log-level\": \"loud\"}", "{", "{\"bogus\": 1}", "{\"log-level\": \"debug\", \"loops\": 0}"])
    func reload_ofABadFile_changesNothingAndSaysSo(content: String) throws {
        let controller = try controller(["--config", write("{\"log-level\": \"warning\"}")])
        _ = write(content)
        controller.reload()
        #expect(controller.current == (.warning, "file"))
        let lines = sink.takeLines()
        #expect(
            lines.count == 1 && lines[0].hasPrefix("error cannot reload the configuration file; nothing has changed"))
    }

    @Test func reload_withALevelByFlagOrEnvironment_keepsIt() throws {
        let path = write("{\"log-level\": \"debug\"}")
        let byFlag = try controller(["--config", path, "--log-level", "notice"])
        byFlag.reload()
        #expect(byFlag.current == (.notice, "flag"))
        #expect(sink.takeLines().map { $0.contains("given_by=flag") && $0.contains("now=notice") } == [true])
        let byVariable = try controller(["--config", path], ["ECHOD_LOG_LEVEL": "notice"])
        byVariable.reload()
        #expect(byVariable.current == (.notice, "environment"))
    }

    @Test func reload_withoutAFile_saysThatThereIsNone() throws {
        try controller([]).reload()
        #expect(sink.takeLines() == ["notice nothing to reload: there is no configuration file\n"])
    }
}

@Suite struct RunningSettingsTests {
    private func settings(_ arguments: [String], _ environment: [String: String] = [:]) throws -> [EffectiveOption] {
        let options = try serveOptions(arguments, environment)
        let output = LogOutput(level: options.logLevel, format: .text, sink: MemorySink())
        let controller = LogLevelController(options, output: output, log: output.logger())
        let linger = options.drainDefaults(everyTCPListenerIsLoopback: true).acceptLinger
        return RunningSettings(
            given: options, acceptLinger: linger, maximumConnections: options.maxConnections ?? 321,
            logLevelController: controller
        ).options()
    }

    @Test func everyOption_isThereOnce() throws {
        #expect(try settings([]).map(\.name) == declaredOptions.map(\.name))
        #expect(try settings([]).allSatisfy { $0.source == "default" })
    }

    /// What is shown can be written into a configuration file and means the same.
    @Test(arguments: Sample.all) func value_isThatOfAConfigurationFile(sample: Sample) throws {
        let shown = try #require(
            settings([sample.option.flag, sample.value]).first { $0.name == sample.option.name })
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
        let path = folder.write("{\"\(sample.option.name)\": \(text)}", to: "echod.json")
        #expect(try sample.resolved(serveOptions(["--config", path])) == sample.expected)
    }

    @Test func whatIsNotGiven_isShown() throws {
        let options = Dictionary(uniqueKeysWithValues: try settings(["--admin", "none"]).map { ($0.name, $0.value) })
        #expect(options["admin"] == .list(["none"]) && options["admin-host"] == .list([]))
        #expect(options["accept-linger"] == .text("50ms") && options["idle-timeout"] == .text("off"))
        #expect(options["report"] == EffectiveOption.Value.none && options["config"] == EffectiveOption.Value.none)
        #expect(options["max-connections"] == .number(321) && options["admin-allow-remote"] == .toggle(false))
    }
}
