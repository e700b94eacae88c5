import Testing
import Wire

@testable import Admin

/// The report is what `GET /status` says, on one line that fits a kubelet's termination message.
@Suite struct StatusReportTests {
    private func status(listen: [String] = ["127.0.0.1:8888"], admin: [String] = ["127.0.0.1:8889"]) -> ServiceStatus {
        var status = ServiceStatus.sample
        status.listen = listen
        status.admin = admin
        return status
    }

    private func text(_ status: ServiceStatus) -> String { String(decoding: StatusReport.line(status), as: UTF8.self) }

    @Test func line_isTheStatusObjectAndANewline() throws {
        let status = self.status()
        #expect(StatusReport.line(status) == JSONText.encode(status))
        #expect(text(status).hasPrefix("{\"admin\":[\"127.0.0.1:8889\"],"))
        #expect(text(status).hasSuffix("\"}\n"))
    }

    /// Every length on both sides of the limit: a list is cut only if it must be, and then the line is still whole.
    @Test(arguments: 90..<130) func line_neverIsLongerThanAllowed(length: Int) {
        let path = "unix:/" + String(repeating: "a", count: length)
        let status = self.status(listen: Array(repeating: path, count: 30))
        let line = text(status)
        let uncut = JSONText.encode(status)?.count ?? 0
        #expect(line.utf8.count <= StatusReport.longest)
        #expect((line.utf8.count == uncut) == (uncut <= StatusReport.longest))
        #expect(line.hasSuffix("\"}\n") && line.filter { $0 == "\n" }.count == 1)
        #expect(line.contains(" more\"],\"pid\"") == (uncut > StatusReport.longest))
    }

    @Test func manyAddresses_keepsTheFirstOfEachListAndCountsTheRest() {
        let listen = (1...5000).map { "127.0.0.1:\($0)" }
        let line = text(status(listen: listen, admin: ["[::1]:1", "[::1]:2"]))
        #expect(line.utf8.count <= StatusReport.longest && line.utf8.count > StatusReport.longest - 100)
        #expect(line.contains("\"admin\":[\"[::1]:1\",\"[::1]:2\"]"))
        #expect(line.contains("\"listen\":[\"127.0.0.1:1\",\"127.0.0.1:2\","))
        #expect(line.contains(" more\"],\"pid\":"))
    }

    /// Each byte of such a path is six in JSON.
    @Test func addressThatFillsALine_isLeftOut() {
        let path = "unix:/" + String(repeating: "\u{1}", count: 700)
        #expect(text(status(listen: [path], admin: [])).contains("\"listen\":[\"... 1 more\"]"))
    }
}
