import Admin
import EchoCore
import MicroHTTPD
import Testing
import Wire

@Suite("GET /events")
struct EventRoutesTests {
    private let service = FakeService()
    private let router: Router

    init() {
        router = Router(service: service, configuration: .test, process: { nil })
    }

    private func open() -> Answers { router.answers(to: request(.get, "/events")) }

    @Test func stream_beginsWithTheState() throws {
        let answers = open()
        let response = try #require(answers.all.first)
        #expect(response.status == 200)
        #expect(response.header("Content-Type") == "text/event-stream")
        #expect(response.header("Cache-Control") == "no-store")
        #expect(response.header("X-Accel-Buffering") == "no")
        #expect(response.text == "retry: 1000\n\n")
        #expect(
            answers.sink.text == "event: state\ndata: \(ProbeAndStatusTests.contractOnOneLine)\n")
    }

    @Test func events_goToEveryClientInOrder_andDoneIsTheLast() throws {
        let clients = (0..<3).map { _ in open() }
        #expect(service.seen.observers.count == 1)
        service.tell(.totals)
        service.tell(.state) { $0.state = .drained }
        service.tell(.done) { $0.state = .exiting }
        service.tell(.totals)
        for client in clients {
            #expect(client.sink.events.map(\.name) == ["state", "totals", "state", "done"])
            #expect(try #require(client.sink.events.last).data.contains(#""state":"exiting""#))
            #expect(client.sink.isFinished)
        }
        #expect(service.seen.observers.isEmpty)
    }

    /// The process serves on for a moment after `done`, and one client that does not read keeps its stream for longer.
    @Test func clientThatComesAfterDone_isToldIt() {
        let stalled = open()
        stalled.sink.clientStalls()
        service.tell(.done) { $0.state = .exiting }
        #expect(stalled.sink.isFinished)
        for _ in 0..<2 {
            let latecomer = open()
            #expect(latecomer.sink.events.map(\.name) == ["state", "done"])
            #expect(latecomer.sink.isFinished)
        }
        #expect(stalled.sink.events.map(\.name) == ["state", "done"])
        stalled.sink.clientLeaves()
        #expect(service.seen.observers.isEmpty)
    }

    @Test func sixteenClients_areTheMost_andOneThatLeavesMakesRoom() throws {
        let clients = (0..<16).map { _ in open() }
        #expect(clients.allSatisfy { $0.all.first?.status == 200 })
        for method in [HTTPMethod.get, .head] {
            let refused = try #require(router.answers(to: request(method, "/events")).all.first)
            #expect(refused.isProblem(503, "16 clients"))
            #expect(refused.header("Retry-After") == "5")
        }
        clients[7].sink.clientLeaves()
        #expect(open().all.first?.status == 200)
        #expect(open().all.first?.status == 503)
        service.tell(.totals)
        #expect(clients[7].sink.events.map(\.name) == ["state"])
        #expect(clients[8].sink.events.map(\.name) == ["state", "totals"])
    }

    @Test func head_takesNoPlace() {
        for _ in 0..<40 {
            let answers = router.answers(to: request(.head, "/events"))
            #expect(answers.all.map(\.status) == [200])
            #expect(answers.sink.text.isEmpty)
        }
        #expect(service.seen.observers.isEmpty)
        #expect(open().all.first?.status == 200)
    }

    @Test func withoutClients_nobodyObserves() {
        for _ in 0..<3 {
            let client = open()
            #expect(service.seen.observers.count == 1)
            client.sink.clientLeaves()
            #expect(service.seen.observers.isEmpty)
        }
    }
}

@Suite("GET /prestop")
struct PrestopRoutesTests {
    private static let headers = [("Host", "localhost:8889"), ("X-Echod-Drain", "1")]

    private func prestop(
        _ query: String = "", method: HTTPMethod = .get, headers: [(name: String, value: String)] = headers,
        peer: HTTPPeer = .loopback
    ) -> HTTPRequest {
        request(method, "/prestop\(query)", headers: headers, peer: peer)
    }

    @Test(
        arguments: [
            ("", Duration?.none, DrainRequest(intent: .hold, trigger: .prestop)),
            ("?wait", nil, DrainRequest(intent: .hold, trigger: .prestop)),
            (
                "?wait=5s&timeout=9s&mode=wait&delay=1s", .seconds(5),
                DrainRequest(
                    intent: .hold, trigger: .prestop, mode: .wait, delay: .seconds(1), timeout: .seconds(9))
            ),
        ])
    func withTheHeader_drainsAndWaits(query: String, limit: Duration?, expected: DrainRequest) throws {
        let service = FakeService()
        let answers = Router(service: service, configuration: .test, process: { nil }).answers(to: prestop(query))
        #expect(answers.all.isEmpty)
        #expect(service.seen.drainRequests == [expected])
        let waiter = try #require(service.seen.waiters.first)
        #expect((waiter.id, waiter.limit) == (1, limit))
        #expect(waiter.milestone == .drained)
        service.finishWaits(.over(.clean))
        #expect(answers.all.map(\.status) == [200])
    }

    @Test(arguments: [[], ["0"], [""], ["true"], ["1", "1"]])
    func withoutTheHeader_isForbidden(values: [String]) throws {
        let service = FakeService()
        let headers = [(name: "Host", value: "localhost")] + values.map { (name: "X-Echod-Drain", value: $0) }
        #expect(try send(prestop(headers: headers), to: service).isProblem(403, "X-Echod-Drain: 1"))
        #expect(service.seen.drainRequests.isEmpty)
    }

    @Test func otherMethods_areRefused_HEADToo() throws {
        for method in HTTPMethod.allCases where method != .get && method != .options {
            let service = FakeService()
            let response = try send(prestop(method: method), to: service)
            #expect(response.isProblem(405, "Use GET."))
            #expect(response.header("Allow") == "GET, OPTIONS")
            #expect(service.seen.drainRequests.isEmpty)
        }
    }

    @Test func guardsOfMutations_apply() throws {
        let service = FakeService()
        #expect(try send(prestop(peer: .remote), to: service).isProblem(403, "--admin-allow-remote"))
        let ofAPage = Self.headers + [("Sec-Fetch-Site", "cross-site")]
        #expect(try send(prestop(headers: ofAPage.map { (name: $0.0, value: $0.1) }), to: service).status == 403)
        #expect(try send(prestop("?wait=x"), to: service).status == 400)
        #expect(service.seen.drainRequests.isEmpty)
    }

    @Test func tooManyWaiters_isUnavailable_butTheDrainIsStarted() throws {
        let service = FakeService { $0.takesWaiters = false }
        #expect(try send(prestop(), to: service).isProblem(503, "was started or joined"))
        #expect(service.seen.drainRequests.count == 1)
    }
}
