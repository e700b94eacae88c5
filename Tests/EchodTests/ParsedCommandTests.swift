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
        #expect(output.wholeMatch(of: /echod 0\.1\.0( \([0-9a-f]{7,}(-dirty)?\))?\n/) != nil, "\(output)")
        #expect(error.isEmpty)
    }

    @Test(arguments: [["--help"], ["-h"], ["serve", "--help"], ["help"], ["help", "serve"]])
    func help_fitsAScreenAndNamesEveryOption(arguments: [String]) {
        guard case .exit(let code, let output, let error) = ParsedCommand.parse(arguments: arguments, environment: [:])
        else {
            Issue.record("would serve")
            return
        }
        #expect(code == 0)
        #expect(error.isEmpty)
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 46)
        #expect(lines.allSatisfy { $0.count <= 80 })
        for option in ServeOption.allCases {
            #expect(output.contains("  \(option.flag) "), "\(option.flag) is missing")
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

    @Test(arguments: ["bash", "zsh", "fish"]) func completionScript_isPrinted(shell: String) {
        let answer = exit("--generate-completion-script", shell)
        #expect(answer?.code == 0 && answer?.error.isEmpty == true)
        for option in ServeOption.allCases {
            #expect(answer?.output.contains(option.rawValue) == true, "\(option.flag) is missing")
        }
    }

    @Test func noArguments_serve() {
        #expect(exit() == nil)
        #expect(exit("serve") == nil)
    }
}
