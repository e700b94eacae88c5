import Admin
import Logging
import MicroHTTPD
import Synchronization
import Testing
import Threads

/// Settings with a value of every kind.
final class FakeSettings: ProcessSettings {
    private let level = Mutex(Logger.Level.info)

    var logLevel: Logger.Level { level.withLock { $0 } }

    func setLogLevel(_ level: Logger.Level) { self.level.withLock { $0 = level } }

    func options() -> [EffectiveOption] {
        [
            EffectiveOption(name: "report", value: .none, source: "default"),
            EffectiveOption(name: "drain-timeout", value: .text("20s"), source: "flag"),
            EffectiveOption(name: "loops", value: .number(2), source: "environment"),
            EffectiveOption(name: "admin-allow-remote", value: .toggle(true), source: "file"),
            EffectiveOption(name: "listen", value: .list(["127.0.0.1:8888", "unix:/a"]), source: "default"),
        ]
    }
}

@Suite struct SettingsRoutesTests {
    private func configuration(_ settings: FakeSettings) -> AdminConfiguration {
        AdminConfiguration(userID: 1000, version: "0.1.0", settings: settings)
    }

    @Test func config_isSortedAndWhole() throws {
        let response = try send(request(.get, "/config"))
        let expected =
            #"{"options":{"admin-allow-remote":{"source":"file","value":true},"#
            + #""drain-timeout":{"source":"flag","value":"20s"},"#
            + #""listen":{"source":"default","value":["127.0.0.1:8888","unix:/a"]},"#
            + #""loops":{"source":"environment","value":2},"report":{"source":"default","value":null}}}"# + "\n"
        #expect(response.status == 200 && response.text == expected)
    }

    @Test func logLevel_isReadAndChanged() throws {
        let settings = FakeSettings()
        let configuration = configuration(settings)
        #expect(try send(request(.get, "/log-level"), configuration: configuration).text == "{\"level\":\"info\"}\n")
        let changed = try send(request(.put, "/log-level?level=trace"), configuration: configuration)
        #expect(changed.status == 200 && changed.text == "{\"level\":\"trace\"}\n")
        #expect(settings.logLevel == .trace)
    }

    @Test(arguments: [
        "", "?", "?level", "?level=", "?level=INFO", "?level=loud", "?level=info&level=info", "?lvl=info",
    ])
    func logLevel_thatIsNone_isRefused(query: String) throws {
        let settings = FakeSettings()
        let response = try send(request(.put, "/log-level\(query)"), configuration: configuration(settings))
        #expect(response.status == 400 && settings.logLevel == .info)
    }

    @Test func logLevel_isAMutation() throws {
        let settings = FakeSettings()
        let response = try send(
            request(.put, "/log-level?level=trace", peer: .remote), configuration: configuration(settings))
        #expect(response.status == 403 && settings.logLevel == .info)
        #expect(try send(request(.post, "/log-level")).header("Allow") == "GET, HEAD, PUT, OPTIONS")
        #expect(try send(request(.put, "/config")).header("Allow") == "GET, HEAD, OPTIONS")
    }
}
