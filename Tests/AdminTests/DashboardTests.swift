import EchoCore
import MicroHTTPD
import Testing
import Wire

@testable import Admin

@Suite("Dashboard")
struct DashboardTests {
    static let browser = [("Host", "localhost:8889"), ("Accept", "text/html,*/*;q=0.8")]

    @Test(arguments: [
        (["text/html"], true), (["application/xml, Text/HTML ;q=0.9"], true), (["*/*", "text/html"], true),
        (["*/*"], false), ([], false), (["text/html;q=0"], false), (["text/html; q=0.0, */*"], false),
        (["text/htmlx"], false), (["text/*"], false), (["text/plain, text/html;q=0.5"], false),
        (["text/html, text/plain;q=0.9"], true),
    ])
    func onlyWhoNamesHTMLGetsThePage(accept: [String], wantsPage: Bool) {
        #expect(DashboardRoutes.wantsPage(accept: accept) == wantsPage)
    }

    @Test func aFileThatIsNotThereIsNotFound() throws {
        for name in DashboardAssets.embedded.names {
            #expect(try send(request(.get, "/ui/\(name)")).status == 200)
        }
        #expect(try send(request(.get, "/ui/other.js")).isProblem(404, "no file"))
        #expect(try send(request(.get, "/ui/page.html")).status == 404)
    }

    @Test func theHistoryIsSentInColumns() throws {
        let service = FakeService {
            $0.samples = [
                ServiceSample(), ServiceSample(uptime: .microseconds(1_000_900), active: 2, lines: 3, received: 5),
                ServiceSample(uptime: .seconds(2), lines: .max, received: 9, sent: 8),
            ]
        }
        let answer = try send(request(.get, "/ui/history"), to: service)
        #expect(answer.status == 200)
        #expect(answer.header("Content-Type") == "application/json")
        #expect(answer.header("Cache-Control") == "no-store")
        let columns = [
            #""active":[0,2,0]"#, #""lines":[0,3,18446744073709551615]"#, #""received":[0,5,9]"#, #""sent":[0,0,8]"#,
            #""uptime_ms":[0,1000,2000]"#,
        ]
        #expect(answer.text == "{\(columns.joined(separator: ","))}\n")
        let nothing = try send(request(.head, "/ui/history"))
        #expect(nothing.text == #"{"active":[],"lines":[],"received":[],"sent":[],"uptime_ms":[]}"# + "\n")
    }

    @Test func theHistoryIsAnEndpointOfItsOwn_andNoFile() throws {
        let answer = try send(request(.post, "/ui/history"))
        #expect(answer.status == 405)
        #expect(answer.header("Allow") == "GET, HEAD, OPTIONS")
        #expect(try send(request(.get, "/ui/history?since=3")).status == 400)
        #expect(try send(request(.get, "/ui/histor")).isProblem(404, "no file"))
        #expect(!DashboardAssets.embedded.names.contains("history"))
    }

    @Test(arguments: ServiceState.allCases)
    func thePageSaysTheStateToABrowserWithoutScript(state: ServiceState) throws {
        let service = FakeService { $0.status.state = state }
        let answer = try send(request(.get, "/", headers: Self.browser), to: service)
        #expect(answer.header("Content-Type") == "text/html; charset=utf-8")
        #expect(answer.header("Vary") == "Accept")
        #expect(answer.text.contains(">State: \(state.rawValue)</h2>"))
        #expect(!answer.text.contains("{{"))
        #expect(service.seen.queries.isEmpty)
    }
}
