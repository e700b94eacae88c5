internal import AdminClient
internal import EchoCore
internal import Options
internal import Wire

extension ClientCommand {
    package static let status = ClientCommand(
        Command(
            "status", summary: "State, counters, and the current or last drain.",
            abstract: "Shows what a running echod does.", usage: "echod status [options]",
            manual: "On a terminal it is a table: state, counters, and what the current or last drain has done.",
            options: ClientAdmin.options + [jsonOption])
    ) { (arguments) throws(OptionError) in
        StatusWork(admin: arguments.admin, asJSON: try arguments.options.value(jsonOption))
    }
}

struct StatusWork: ClientWork {
    var admin: ClientAdmin
    var asJSON: Bool

    func run(_ console: ClientConsole) throws -> Int32 {
        let answer = try admin.get("/status")
        guard answer.http.status == 200 else { return console.refuse(answer.http) }
        let status = try answer.read { (json) throws(ReadingError) in try ServiceStatus(json: json) }
        try console.say(asJSON ? try answer.read(JSONLine.text) : StatusTable(status, style: console.style).text)
        return 0
    }
}
