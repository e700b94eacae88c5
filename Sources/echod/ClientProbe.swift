import AdminClient
import ArgumentParser
import EchoCore

/// `echod probe`: an exec probe for images without curl.
struct ProbeCommand: ClientSubcommand {
    static let summary = "Exit with 0 if it is live, ready or started."
    enum Probe: String, CaseIterable, ExpressibleByArgument {
        case livez, readyz, startupz
    }

    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "Exits with 0 when a running echod is live, ready or started, else with 1.",
        usage: "echod probe livez|readyz|startupz [options]", helpNames: [.short, .long])

    @Argument(help: "What to ask for.")
    var probe: Probe
    @OptionGroup var admin: ClientAdminOptions

    func work(_ environment: [String: String]) throws(OptionError) -> any ClientWork {
        ProbeWork(admin: try admin.resolve(environment), path: "/\(probe.rawValue)")
    }
}

struct ProbeWork: ClientWork {
    var admin: ClientAdmin
    var path: String

    func run(_ console: ClientConsole) throws -> Int32 {
        let answer = try admin.get(path).http
        guard !Refusal.isProblem(answer) else { return console.refuse(answer) }
        let lines = String(decoding: answer.body, as: UTF8.self).split(whereSeparator: \.isNewline)
        do throws(UnwritableOutput) {
            try console.say(lines.map { PrintableText.escape(String($0)) }.joined(separator: "\n"))
        } catch {
            // Whoever runs a probe reads its code: a full disk is no reason to restart a service that is well.
            if !error.isClosedPipe { console.complain("\(error)") }
        }
        return (200..<300).contains(answer.status) ? 0 : ClientConsole.failure
    }
}
