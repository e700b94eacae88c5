import Admin
import EchoCore
import MicroHTTPD
import Synchronization
import Testing
import Wire

@Suite("echod_admin_requests_total")
struct MetricsRequestCountsTests {
    /// The series of a router, as its own scrape shows them: `/status 200` and how often.
    private static func counts(_ router: Router) -> [String: Int] {
        let text = router.answers(to: request(.get, "/metrics")).all.first?.text ?? ""
        var counts: [String: Int] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("echod_admin_requests_total{") {
            let parts = line.split(separator: "\"")
            counts["\(parts[1]) \(parts[3])"] = Int(parts[4].drop { $0 != " " }.dropFirst())
        }
        return counts
    }

    private static func router(_ service: FakeService = FakeService()) -> Router {
        Router(service: service, configuration: .test, process: { nil })
    }

    @Test func everyEndpoint_isThereFromTheStart() {
        let counts = Self.counts(Self.router())
        #expect(Set(counts.values) == [0])
        for (method, path) in RouterTests.endpoints {
            let template = path.replacing("17", with: "{id}")
            #expect(counts["\(template) \(method == .get ? 200 : path.contains("17") ? 202 : 200)"] == 0)
            #expect(counts["\(template) 400"] == 0)
            let isMutation = method != .get || ["/connections/17", "/prestop", "/log-level"].contains(path)
            #expect((counts["\(template) 403"] == 0) == isMutation)
        }
        #expect(counts["other 404"] == 0 && counts["other 405"] == 0 && counts["other 431"] == 0)
    }

    @Test(
        arguments: [
            (request(.get, "/status"), "/status 200"), (request(.head, "/status"), "/status 200"),
            (request(.get, "/connections/17"), "/connections/{id} 404"),
            (request(.get, "/status?x"), "/status 400"), (request(.post, "/drain", peer: .remote), "/drain 403"),
            (request(.post, "/drain"), "/drain 202"), (request(.put, "/drain"), "other 405"),
            (request(.get, "/nope/\u{1}"), "other 404"), (request(.get, "/other"), "other 404"),
            (request(.get, "/status", headers: [("Host", "evil.example")]), "other 403"),
            (request(.get, "/metrics"), "/metrics 200"),
        ])
    func answer_isCountedOnce(request: HTTPRequest, series: String) {
        let router = Self.router()
        _ = router.answers(to: request)
        #expect(Self.counts(router).filter { $0.value > 0 } == [series: 1])
    }

    @Test func deferredAnswer_isCountedWhenItIsGiven() {
        let service = FakeService()
        let router = Self.router(service)
        let answers = router.answers(to: request(.post, "/drain?wait"))
        #expect(Self.counts(router).filter { $0.value > 0 && $0.key != "/metrics 200" }.isEmpty)
        service.finishWaits(.over(.forced))
        #expect(answers.all.count == 1)
        #expect(Self.counts(router)["/drain 500"] == 1)
    }

    @Test func refusalBeforeRouting_countsAsOther() {
        let router = Self.router()
        for rejection in HTTPRejection.allCases {
            _ = router.rejection(status: rejection.status, detail: rejection.detail, path: nil)
        }
        let counts = Self.counts(router).filter { $0.value > 0 }
        #expect(counts.keys.allSatisfy { $0.hasPrefix("other ") })
        #expect(counts.values.reduce(0, +) == HTTPRejection.allCases.count)
    }

    @Test func hostilePaths_makeNoSeries() {
        let router = Self.router()
        let before = Set(Self.counts(router).keys)
        for number in 0..<1_000 { _ = router.answers(to: request(.get, "/nope/\(number)\"\n")) }
        let after = Self.counts(router)
        #expect(Set(after.keys) == before)
        #expect(after["other 404"] == 1_000)
    }
}
