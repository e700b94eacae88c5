import AdminClient
import ArgumentParser
import EchoCore

/// `echod status`.
struct StatusCommand: ClientSubcommand {
    static let summary = "State, counters, and the current or last drain."
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows what a running echod does.",
        usage: "echod status [options]", helpNames: [.short, .long])

    @OptionGroup var admin: ClientAdminOptions
    @Flag(help: "The status object as the admin API sends it, on one line.")
    var json = false

    func work(_ environment: [String: String]) throws(OptionError) -> any ClientWork {
        StatusWork(admin: try admin.resolve(environment), asJSON: json)
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
