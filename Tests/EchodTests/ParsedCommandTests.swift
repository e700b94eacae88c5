import ClientCommands
import Options
import Testing

@testable import echod

@Suite struct ParsedCommandTests {
    private func exit(_ arguments: String...) -> (code: Int32, output: String, error: String)? {
        guard case .exit(let code, let output, let error) = ParsedCommand.parse(arguments: arguments, environment: [:])
        else { return nil }
        return (code, output, error)
    }

    @Test(arguments: [["--version"], ["serve", "--version"]]) func version_isPrinted(arguments: [String]) {
        guard case .exit(let code, let output, let error) = ParsedCommand.parse(arguments: arguments, environment: [:])
        else {
            Issue.record("would serve")
            return
        }
        #expect(code == 0)
        let expected = /echod 0\.1\.0( \([0-9a-f]{7,}(-dirty)?\))?\nlibmicrohttpd \d+\.\d+\.\d+\n/
        #expect(output.wholeMatch(of: expected) != nil, "\(output)")
        #expect(error.isEmpty)
    }

    @Test(arguments: [["--help"], ["-h"], ["serve", "--help"], ["help"], ["help", "serve"], ["help", "help"]])
    func help_fitsAScreenAndNamesEveryOptionAndCommand(arguments: [String]) {
        guard case .exit(let code, let output, let error) = ParsedCommand.parse(arguments: arguments, environment: [:])
        else {
            Issue.record("would serve")
            return
        }
        #expect(code == 0)
        #expect(error.isEmpty)
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 60)
        #expect(lines.allSatisfy { $0.count <= 80 })
        for option in declaredOptions {
            #expect(output.contains("  \(option.flag) "), "\(option.flag) is missing")
        }
        for name in ParsedCommand.clientCommands.map(\.command.name) {
            #expect(output.contains("\n  \(name) "), "\(name) is missing")
        }
    }

    @Test func help_winsOverABadValue() {
        #expect(exit("--help", "--loops", "x")?.code == 0)
    }

    @Test(arguments: [["--foo"], ["serve", "x"], ["--listen"], ["--linger", "-5s"], ["--admin-allow-remote=x"]])
    func badUsage_isOneLineAndAHint(arguments: [String]) {
        guard case .exit(let code, let output, let error) = ParsedCommand.parse(arguments: arguments, environment: [:])
        else {
            Issue.record("would serve")
            return
        }
        #expect(code == 64)
        #expect(output.isEmpty)
        #expect(error.hasPrefix("echod: "))
        #expect(error.hasSuffix("\nsee echod --help\n"))
        #expect(error.split(separator: "\n").count == 2, "\(error)")
    }

    @Test func unknownOption_isGuessedOnlyWhenNear() {
        #expect(exit("--bogus")?.error == "echod: Unknown option '--bogus'\nsee echod --help\n")
        #expect(exit("--drain-timout", "3s")?.error.contains("Did you mean '--drain-timeout'?") == true)
    }

    @Test func unknownCommand_isToldTheOthers() {
        let commands = "commands: serve, status, connections, drain, undrain, shutdown, probe; see echod --help\n"
        #expect(exit("bogus")?.error == "echod: unknown command \"bogus\"\n\(commands)")
        let guess = "echod: unknown command \"sttaus\", did you mean status?\n"
        #expect(exit("help", "sttaus")?.error == guess + commands)
        #expect(exit("\u{1b}[2J")?.error.contains("\u{1b}") == false)
        #expect(exit("undrain", "bogus")?.error == "echod: Unexpected argument 'bogus'\nsee echod undrain --help\n")
    }

    @Test func completionScript_ofAnotherShell_isBadUsage() {
        let answer = exit("--generate-completion-script", "tcsh")
        #expect(answer?.code == 64 && answer?.output.isEmpty == true)
        #expect(answer?.error == "echod: there is no completion script for \"tcsh\"\nwrite bash, zsh or fish\n")
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completionScript_isPrinted(shell: String) {
        for answer in [exit("--generate-completion-script", shell), exit("--generate-completion-script=/bin/\(shell)")]
        {
            #expect(answer?.code == 0 && answer?.error.isEmpty == true)
            #expect(answer?.output.contains("--complete") == true)
        }
    }

    private func offers(_ words: String...) -> Set<String> {
        let arguments = ["--complete"] + words
        guard case .exit(0, let output, "") = ParsedCommand.parse(arguments: arguments, environment: [:]) else {
            return []
        }
        return Set(output.split(separator: "\n").compactMap { $0.split(separator: "\t").first.map(String.init) })
    }

    @Test func completion_offersEveryOption() {
        #expect(offers("--").isSuperset(of: declaredOptions.map(\.flag)))
        #expect(offers("serve", "--") == offers("--"))
    }

    @Test func completion_knowsCommandsAndValues() {
        #expect(offers("--linger", "3s", "und") == ["undrain"])
        #expect(offers("drain", "--mode", "") == ["wait", "close", "abort"])
        #expect(offers("--mode", "=", "v") == ["verbatim"])
        #expect(offers("--report", "x") == ["<files>"])
        #expect(offers("probe", "r") == ["readyz"])
        #expect(offers("--loops", "").isEmpty)
        #expect(!offers("drain", "--json", "--").contains("--json"))
    }

    @Test func noArguments_serve() {
        #expect(exit() == nil)
        #expect(exit("serve") == nil)
    }
}
