import Basics
import EchoCore
import Logging
import Logs
import Options
import Testing
import Wire

@testable import echod

/// A machine of 4 CPUs.
let testHost = HostLimits(usableCPUs: 4)

/// What is declared of every option, in the order of the table.
let declaredOptions = ServeTable(testHost).all.map(\.text)

func declaredOption(_ name: String) -> OptionText {
    guard let option = declaredOptions.first(where: { $0.name == name }) else { preconditionFailure(name) }
    return option
}

/// Reads options as the program does.
func serveOptions(_ arguments: [String] = [], _ environment: [String: String] = [:]) throws -> ServeOptions {
    switch ParsedCommand.parse(arguments: arguments, environment: environment, host: testHost) {
    case .serve(let options): return options
    case .exit(let code, _, let error): throw Refused(code: code, error: error)
    case .client: throw Refused(code: 0, error: "this is a client command")
    }
}

struct Refused: Error {
    var code: Int32
    var error: String
}

/// One option with a value that is not its default, and how the resolved value reads.
struct Sample: Sendable, CustomTestStringConvertible {
    var option: OptionText
    var value: String
    /// Another value, for precedence.
    var other: String
    var resolved: @Sendable (ServeOptions) -> String
    var expected: String

    var testDescription: String { option.flag }

    init(
        _ option: String, _ value: String, _ expected: String, other: String,
        _ resolved: @escaping @Sendable (ServeOptions) -> String
    ) {
        self.option = declaredOption(option)
        self.value = value
        self.other = other
        self.resolved = resolved
        self.expected = expected
    }

    static let all = [
        Sample("listen", ":7", "[:7]", other: "[::1]:9") { "\($0.listen)" },
        Sample("admin", "unix:/a", "[unix:/a]", other: "none") { "\($0.admin)" },
        Sample("mode", "verbatim", "verbatim", other: "upper") { "\($0.mode)" },
        Sample("loops", "256", "256", other: "1") { "\($0.loops)" },
        Sample("max-connections", "1000", "1000", other: "1") { $0.maxConnections.map { "\($0)" } ?? "computed" },
        Sample("max-line", "16777216", "16777216", other: "1") { "\($0.maxLine)" },
        Sample("idle-timeout", "1m", "60.0 seconds", other: "off") { $0.idleTimeout.map { "\($0)" } ?? "off" },
        Sample("write-timeout", "off", "off", other: "1s") { $0.writeTimeout.map { "\($0)" } ?? "off" },
        Sample("close-timeout", "500ms", "0.5 seconds", other: "1s") { "\($0.closeTimeout)" },
        Sample("linger", "0s", "0.0 seconds", other: "1s") { "\($0.linger)" },
        Sample("accept-linger", "500ms", "0.5 seconds", other: "1s") { $0.acceptLinger.map { "\($0)" } ?? "default" },
        Sample("drain-mode", "abort", "abort", other: "wait") { "\($0.drainMode)" },
        Sample("drain-delay", "5s", "5.0 seconds", other: "1s") { "\($0.drainDelay)" },
        Sample("drain-timeout", "100ms", "0.1 seconds", other: "24h") { "\($0.drainTimeout)" },
        Sample("drain-spread", "3s", "3.0 seconds", other: "4s") { "\($0.drainSpread)" },
        Sample("report", "/dev/termination-log", "/dev/termination-log", other: "r") { $0.report ?? "none" },
        Sample("admin-host", "Echo.Example", "[\"echo.example\"]", other: "b") { "\($0.adminHost)" },
        Sample("log-level", "debug", "debug", other: "error") { "\($0.logLevel)" },
        Sample("log-format", "json", "json", other: "text") { "\($0.logFormat)" },
    ]
}

@Suite struct ServeOptionsTests {
    @Test func samples_coverEveryOptionWithAValue() {
        // The switch has no other value than on; files that are read at the start are tried with files.
        let others: Set = ["admin-allow-remote", "admin-token-file", "config"]
        #expect(Set(Sample.all.map(\.option.name)) == Set(declaredOptions.map(\.name)).subtracting(others))
    }

    @Test func nothingGiven_givesTheDefaults() throws {
        let options = try serveOptions()
        #expect(options.listen == [.host("127.0.0.1", port: 8888)])
        #expect(options.admin == [.host("127.0.0.1", port: 8889)])
        #expect(options.mode == .upper)
        #expect(options.loops == 4)
        #expect(options.maxConnections == nil)
        #expect(options.maxLine == 65536)
        #expect(options.idleTimeout == nil && options.writeTimeout == nil && options.acceptLinger == nil)
        #expect(options.linger == .seconds(2) && options.report == nil)
        #expect(options.drainDefaults(everyTCPListenerIsLoopback: false) == DrainDefaults())
        #expect(options.adminHost.isEmpty && !options.adminAllowRemote)
        #expect(options.adminTokenFile == nil && options.config == nil)
        #expect(options.logLevel == .info && options.logFormat == .text)
        #expect(declaredOptions.allSatisfy { options.setting($0).source == .default })
    }

    @Test(arguments: Sample.all) func flag_isTaken(sample: Sample) throws {
        let options = try serveOptions([sample.option.flag, sample.value])
        #expect(sample.resolved(options) == sample.expected)
        #expect(options.setting(sample.option).source == .flag)
        let joined = try serveOptions(["serve", "\(sample.option.flag)=\(sample.value)"])
        #expect(sample.resolved(joined) == sample.expected)
    }

    @Test(arguments: Sample.all) func environment_isTaken(sample: Sample) throws {
        let options = try serveOptions([], [sample.option.environmentVariable: sample.value])
        #expect(sample.resolved(options) == sample.expected)
        #expect(options.setting(sample.option).source == .environment)
    }

    @Test(arguments: Sample.all) func flag_winsOverEnvironment(sample: Sample) throws {
        let options = try serveOptions(
            [sample.option.flag, sample.value], [sample.option.environmentVariable: sample.other])
        #expect(sample.resolved(options) == sample.expected)
        #expect(options.setting(sample.option).source == .flag)
    }

    @Test(arguments: Sample.all) func emptyEnvironment_countsAsUnset(sample: Sample) throws {
        let options = try serveOptions([], [sample.option.environmentVariable: ""])
        #expect(try sample.resolved(options) == sample.resolved(serveOptions()))
        #expect(options.setting(sample.option).source == .default)
    }

    @Test func environmentNames_areThoseOfTheFlags() {
        #expect(declaredOption("drain-timeout").environmentVariable == "ECHOD_DRAIN_TIMEOUT")
        #expect(declaredOption("listen").environmentVariable == "ECHOD_LISTEN")
    }

    @Test func unknownVariables_areIgnored() throws {
        let options = try serveOptions([], ["ECHOD_PORT": "tcp://10.0.0.1:8888", "ECHOD_SERVICE_HOST": "10.0.0.1"])
        #expect(options.listen == [.host("127.0.0.1", port: 8888)])
    }

    @Test func repeatableOptions_collect() throws {
        let expected: [ListenAddress] = [.everyInterface(port: 1), .unix(path: "/a")]
        #expect(try serveOptions(["--listen", ":1", "--listen", "unix:/a"]).listen == expected)
        #expect(try serveOptions([], ["ECHOD_LISTEN": ":1, unix:/a"]).listen == expected)
        #expect(try serveOptions(["--admin-host", "a", "--admin-host=b"]).adminHost == ["a", "b"])
        #expect(try serveOptions([], ["ECHOD_ADMIN_HOST": "a,b"]).adminHost == ["a", "b"])
    }

    /// The command line does not split at commas: a path may hold one.
    @Test func flag_isNotSplit() throws {
        #expect(try serveOptions(["--listen", "unix:/a,b"]).listen == [.unix(path: "/a,b")])
    }

    @Test func scalarGivenTwice_takesTheLast() throws {
        #expect(try serveOptions(["--loops", "2", "--loops", "3"]).loops == 3)
    }

    @Test func adminNone_turnsItOff() throws {
        #expect(try serveOptions(["--admin", "none"]).admin.isEmpty)
        #expect(try serveOptions([], ["ECHOD_ADMIN": "none"]).admin.isEmpty)
    }

    @Test func adminAllowRemote_isASwitch() throws {
        #expect(try serveOptions(["--admin-allow-remote"]).adminAllowRemote)
        #expect(try serveOptions([], ["ECHOD_ADMIN_ALLOW_REMOTE": "true"]).adminAllowRemote)
        #expect(try !serveOptions([], ["ECHOD_ADMIN_ALLOW_REMOTE": "0"]).adminAllowRemote)
        let both = try serveOptions(["--admin-allow-remote"], ["ECHOD_ADMIN_ALLOW_REMOTE": "no"])
        #expect(both.adminAllowRemote && both.setting(both.table.adminAllowRemote.text).source == .flag)
    }

    @Test func acceptLinger_dependsOnTheListenersUnlessGiven() throws {
        let options = try serveOptions()
        #expect(options.drainDefaults(everyTCPListenerIsLoopback: true).acceptLinger == .milliseconds(50))
        #expect(options.drainDefaults(everyTCPListenerIsLoopback: false).acceptLinger == .seconds(1))
        let given = try serveOptions(["--accept-linger", "0s"])
        #expect(given.drainDefaults(everyTCPListenerIsLoopback: true).acceptLinger == .zero)
    }
}
