internal import AdminClient
internal import Basics
internal import EchoCore
internal import Options

extension ClientCommand {
    /// An exec probe for images without curl.
    package static let probe = ClientCommand(
        Command(
            "probe", summary: "Exit with 0 if echod is live, ready or started.",
            abstract: "Exits with 0 when a running echod is live, ready or started, else with 1.",
            usage: "echod probe livez|readyz|startupz [options]",
            manual: """
                The answer is printed. `livez`: no event loop is stuck. `readyz`: new clients are welcome. `startupz`: \
                every listener is bound.
                """,
            operand: .init("probe", help: "The question.", values: ["livez", "readyz", "startupz"]),
            options: ClientAdmin.options)
    ) { (arguments) throws(OptionError) in
        ProbeWork(admin: arguments.admin, path: "/\(arguments.operand)")
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
            // A probe is judged by its exit code: a full disk is no reason to restart a healthy service.
            if !error.isClosedPipe { console.complain("\(error)") }
        }
        return (200..<300).contains(answer.status) ? 0 : ClientConsole.failure
    }
}
