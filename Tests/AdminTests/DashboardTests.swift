import EchoCore
import MicroHTTPD
import Testing

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

    @Test func everyPlaceOfThePageIsFilled() throws {
        let places = DashboardAssets().page.places
        let page = DashboardPage.sample()
        #expect(!places.isEmpty)
        #expect(places == Set(page.parts.keys))
    }

    @Test func aFileThatIsNotThereIsNotFound() throws {
        for name in DashboardAssets().names {
            #expect(try send(request(.get, "/ui/\(name)")).status == 200)
        }
        #expect(try send(request(.get, "/ui/other.js")).isProblem(404, "no part"))
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
        #expect(answer.header("Allow") == "GET, HEAD")
        #expect(try send(request(.get, "/ui/history?since=3")).status == 400)
        #expect(try send(request(.get, "/ui/histor")).isProblem(404, "no part"))
        #expect(!DashboardAssets().names.contains("history"))
    }

    @Test func thePageHasWhatTheServiceSays() throws {
        let service = FakeService {
            $0.page = ConnectionPage(connections: [.sample], next: nil, total: 1)
        }
        let answer = try send(request(.get, "/", headers: Self.browser), to: service)
        #expect(answer.header("Content-Type") == "text/html; charset=utf-8")
        #expect(answer.header("Vary") == "Accept")
        for text in [
            ">Draining</h2>", "50 of 52 connections closed", "16.9 s left", "</b> waits for the client to read",
            "1.05 MB in all", "10.0.0.9:51234", "&#39;http://localhost:8889/status&#39;",
        ] {
            #expect(answer.text.contains(text), "\(text)")
        }
        #expect(service.seen.queries.map(\.state) == [nil, .closed])
    }

    @Test func aPeersNameCannotBecomeMarkup() throws {
        var connection = ConnectionInfo.sample
        connection.peer = "unix:/tmp/<script>alert(1)</script>\u{202E}\u{1B}[2J"
        let page = DashboardPage.sample(open: ConnectionPage(connections: [connection], next: nil, total: 1))
        let html = page.html(DashboardAssets().page)
        #expect(html.contains("unix:/tmp/&lt;script&gt;alert(1)&lt;/script&gt;\\xe2\\x80\\xae\\x1b[2J"))
        #expect(!html.contains("<script>alert"))
    }

    @Test func theLatestEndsComeFirst() throws {
        var early = ConnectionInfo.sample
        early.reason = .idle
        var late = early
        late.id = 3
        late.age = .seconds(3600)
        try #expect(orderOfEnds(early, late) == [3, 17])
    }

    /// The script has both in whole milliseconds, by which these two ended at once.
    @Test func endsOfTheSameMillisecondAreOrderedAsByTheScript() throws {
        var one = ConnectionInfo.sample
        one.reason = .idle
        one.openedAtUnixNanoseconds = 1_000_900_000
        one.age = .milliseconds(60)
        var other = one
        other.id = 18
        other.openedAtUnixNanoseconds = 1_001_100_000
        other.age = .milliseconds(59)
        try #expect(orderOfEnds(one, other) == [18, 17])
    }

    private func orderOfEnds(_ one: ConnectionInfo, _ other: ConnectionInfo) throws -> [UInt64] {
        let page = DashboardPage.sample(closed: ConnectionPage(connections: [one, other], next: nil, total: 2))
        let table = try #require(page.parts["closed-table"]?.source)
        let first = try #require(table.firstRange(of: "data-id=\"\(one.id)\""))
        let second = try #require(table.firstRange(of: "data-id=\"\(other.id)\""))
        return first.lowerBound < second.lowerBound ? [one.id, other.id] : [other.id, one.id]
    }

    @Test func theConfigurationIsShownWithItsSources() throws {
        let page = DashboardPage.sample(options: [
            EffectiveOption(name: "max-connections", value: .number(20_000), source: "default"),
            EffectiveOption(name: "listen", value: .list(["unix:/<b>", ":7"]), source: "flag"),
            EffectiveOption(name: "report", value: .none, source: "default"),
        ])
        let panel = try #require(page.parts["configuration"]?.source)
        #expect(panel.contains("1 of 3 set"))
        #expect(panel.contains("<dt>listen</dt><dd>unix:/&lt;b&gt;, :7<span class=\"source\"> by flag</span></dd>"))
        #expect(panel.contains("<dt>report</dt><dd>none</dd>"))
        #expect(page.parts["tiles"]?.source.contains("limit 20,000") == true)
    }

    @Test(arguments: [false, true])
    func theCurlLinesOfMutationsShowTheToken(needsToken: Bool) {
        let list = DashboardCommands.html(host: "h", needsToken: needsToken).source
        let lines = list.split(separator: "<li>").dropFirst()
        for line in lines {
            let isMutation = line.contains("-X ")
            let header = "-H &quot;Authorization: Bearer $TOKEN&quot; "
            #expect(line.contains(header) == (needsToken && isMutation), "\(line)")
        }
        #expect(lines.count { $0.contains("-X ") } == 3)
    }

    @Test func theLameDuckSaysWhenTheDoorsClose() {
        var status = ServiceStatus.sample
        status.drain?.delay = .seconds(10)
        status.drain?.elapsed = .seconds(4)
        status.drain?.deadlineIn = .seconds(16)
        #expect(DashboardBanner(status: status).banner.source.contains(">16.0 s left<"))
        status.state = .lameDuck
        #expect(DashboardBanner(status: status).banner.source.contains(">doors close in 6.0 s · 16.0 s left<"))
    }

    @Test func onlyAProcessThatExitsHasAnExitCode() {
        var status = ServiceStatus.sample
        status.state = .drained
        status.exitCode = 0
        status.drain?.intent = .hold
        #expect(DashboardBanner(status: status).banner.source.contains("<dt>Would exit with</dt>"))
        status.drain?.intent = .exit
        #expect(DashboardBanner(status: status).banner.source.contains("<dt>Exit code</dt>"))
    }

    @Test func aLoopThatDoesNotAnswerIsSaid() {
        let page = DashboardPage.sample(open: nil)
        #expect(page.html(DashboardAssets().page).contains("An event loop did not answer"))
    }
}

@Suite("Figures of the dashboard")
struct DashboardFormatTests {
    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (9994, "9.99 kB"), (9995, "10.0 kB"), (99_949, "99.9 kB"),
        (99_950, "100 kB"), (999_499, "999 kB"), (999_500, "1.00 MB"), (UInt64.max, "18.4 EB"),
    ])
    func bytes(number: UInt64, text: String) {
        #expect(DashboardFormat.bytes(number) == text)
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")])
    func counts(number: Int, text: String) {
        #expect(DashboardFormat.count(number) == text)
    }

    @Test(arguments: [(0.0, "0"), (0.04, "0.0"), (0.25, "0.3"), (9.94, "9.9"), (9.96, "10"), (1234.4, "1,234")])
    func rates(number: Double, text: String) {
        #expect(DashboardFormat.rate(number) == text)
    }
}

extension DashboardPage {
    static func sample(
        open: ConnectionPage? = ConnectionPage(connections: [], next: nil, total: 0), closed: ConnectionPage? = nil,
        options: [EffectiveOption] = []
    ) -> DashboardPage {
        DashboardPage(
            status: .sample, open: open, closed: closed, drainDefaults: DrainDefaults(), options: options,
            host: "localhost:8889", needsToken: false)
    }
}
