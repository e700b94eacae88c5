import Admin
import MicroHTTPD
import Testing
import Wire

@Suite("Router")
struct RouterTests {
    static let endpoints: [(method: HTTPMethod, path: String)] = [
        (.get, "/"), (.get, "/livez"), (.get, "/healthz"), (.get, "/readyz"), (.get, "/health"), (.get, "/startupz"),
        (.get, "/status"), (.get, "/connections"), (.get, "/connections/17"), (.delete, "/connections/17"),
        (.get, "/metrics"), (.post, "/drain"), (.delete, "/drain"),
        (.post, "/shutdown"), (.get, "/prestop"), (.get, "/events"), (.get, "/openapi.json"), (.get, "/config"),
        (.get, "/log-level"), (.put, "/log-level"),
    ]

    @Test(arguments: ["/nope", "/status/", "//status", "/connections/", "/connections/1/2", "/Status", "/drain/x"])
    func unknownPath_isNotFound(path: String) throws {
        let response = try send(request(.get, path))
        #expect(response.isProblem(404, "GET /?format=text lists the endpoints"))
    }

    @Test func problem_hasTheMembersOfRFC9457() throws {
        let response = try send(request(.get, "/nope"))
        #expect(
            response.text
                == #"{"detail":"There is no endpoint \"/nope\". GET /?format=text lists the endpoints.","#
                + #""status":404,"title":"Not Found","type":"about:blank"}"# + "\n")
    }

    @Test(
        arguments: [
            (HTTPMethod.post, "/status", "GET, HEAD, OPTIONS"),
            (.put, "/connections/17", "GET, HEAD, DELETE, OPTIONS"),
            (.put, "/", "GET, HEAD, OPTIONS"), (.get, "/drain", "POST, DELETE, OPTIONS"),
            (.head, "/shutdown", "POST, OPTIONS"),
            (.put, "/drain", "POST, DELETE, OPTIONS"), (.head, "/prestop", "GET, OPTIONS"),
            (.post, "/events", "GET, HEAD, OPTIONS"),
        ])
    func wrongMethod_isRefusedWithAllow(method: HTTPMethod, path: String, allow: String) throws {
        let service = FakeService()
        let response = try send(request(method, path), to: service)
        let use = allow.replacing(", OPTIONS", with: "").replacing(", ", with: " or ")
        #expect(response.isProblem(405, "Use \(use)."))
        #expect(response.header("Allow") == allow)
        #expect(service.seen.drainRequests.isEmpty)
    }

    /// Load balancers check with OPTIONS; a browser's preflight finds no CORS header, and fails.
    @Test(arguments: [(ServiceState.serving, 204), (.lameDuck, 503), (.draining, 503), (.starting, 503)])
    func options_ofTheServer_followReadiness(state: ServiceState, status: Int) throws {
        for (path, allow) in [("/", "GET, HEAD, OPTIONS"), ("*", "GET, HEAD, POST, PUT, DELETE, OPTIONS")] {
            let response = try send(request(.options, path), to: FakeService { $0.status.state = state })
            #expect(response.status == status && response.body.isEmpty)
            #expect(response.header("Allow") == allow)
        }
    }

    @Test func options_ofAnEndpoint_nameItsMethods_andDoNothing() throws {
        for (path, allow) in [("/drain", "POST, DELETE, OPTIONS"), ("/connections/17", "GET, HEAD, DELETE, OPTIONS")] {
            let service = FakeService()
            let preflight = [
                (name: "Host", value: "localhost"), (name: "Origin", value: "http://evil.com"),
                (name: "Access-Control-Request-Method", value: "POST"),
            ]
            let response = try send(request(.options, path, headers: preflight), to: service)
            #expect(response.status == 204 && response.header("Allow") == allow)
            #expect(!response.headers.contains { $0.name.lowercased().hasPrefix("access-control") })
            #expect(service.seen.drainRequests.isEmpty)
        }
        #expect(try send(request(.options, "/nope")).isProblem(404, "no endpoint"))
    }

    @Test func head_isAnsweredLikeGet() throws {
        for (method, path) in Self.endpoints where method == .get && path != "/prestop" {
            #expect(try send(request(.head, path)) == send(request(.get, path)))
        }
    }

    @Test func everyAnswer_forbidsCachingAndSniffing_andHasNoCORSHeader() throws {
        let others: [(method: HTTPMethod, path: String)] = [
            (.get, "/nope"), (.put, "/drain"), (.get, "/status?x=1"), (.post, "/drain?wait=x"),
        ]
        for (method, path) in Self.endpoints + others {
            let response = try send(
                request(method, path, headers: [("Host", "localhost"), ("Origin", "http://localhost")]))
            #expect(response.header("Cache-Control") == "no-store")
            #expect(response.header("X-Content-Type-Options") == "nosniff")
            #expect(response.headers.filter { $0.name == "Content-Type" }.count == 1)
            #expect(!response.headers.contains { $0.name.lowercased().hasPrefix("access-control") })
            #expect(response.body.last == UInt8(ascii: "\n"))
        }
    }

    @Test func everyEndpoint_refusesAnUnknownParameter() throws {
        for (method, path) in Self.endpoints {
            let service = FakeService()
            let response = try send(request(method, "\(path)?wiat"), to: service)
            #expect(response.isProblem(400, #"Unknown parameter \"wiat\"."#))
            #expect(service.seen.drainRequests.isEmpty)
        }
    }

    @Test func index_listsEveryEndpointAndParameter() throws {
        let response = try send(request(.get, "/"))
        #expect(response.status == 200)
        #expect(response.header("Content-Type") == "text/plain; charset=utf-8")
        for (method, path) in Self.endpoints {
            let name = path == "/connections/17" ? "/connections/{id}" : path
            #expect(
                response.text.split(separator: "\n").contains { $0.hasPrefix(method.rawValue) && $0.contains(name) })
        }
        for usage in ["?limit=1..1000", "?after=N", "?format=text", "?wait[=DUR]", "?mode=wait|close|abort"] {
            #expect(response.text.contains(usage))
        }
    }

    @Test func index_hasAnAddressForABrowser() throws {
        let response = try send(request(.get, "/?format=text", headers: DashboardTests.browser))
        #expect(try response == send(request(.get, "/")))
        #expect(try send(request(.get, "/?format=html")).isProblem(400, "Allowed: text"))
    }

    /// The service keeps what a waiter and a reader of events are answered with; that must not keep the service.
    @Test(arguments: [(HTTPMethod.post, "/drain?wait"), (.get, "/prestop"), (.get, "/events")])
    func requestThatWaits_doesNotKeepTheService(method: HTTPMethod, target: String) {
        weak var kept: FakeService?
        do {
            let service = FakeService()
            kept = service
            let headers = [(name: "Host", value: "localhost"), (name: "X-Echod-Drain", value: "1")]
            let router = Router(service: service, configuration: .test, process: { nil })
            _ = router.answers(to: request(method, target, headers: headers))
            #expect(service.seen.waiters.count + service.seen.observers.count == 1)
        }
        #expect(kept == nil)
    }

    @Test func rejection_isAProblemOfTheAdminsForm() {
        let router = Router(service: FakeService(), configuration: .test, process: { nil })
        let tooLarge = router.rejection(status: 413, detail: "Put the parameters in the query.\u{1b}", path: nil)
        #expect(tooLarge.isProblem(413, #"Put the parameters in the query.\\x1b"#))
        #expect(tooLarge.text.contains("Content Too Large"))
        let method = router.rejection(status: 405, detail: "TRACE is not supported.", path: "/nope")
        #expect(method.isProblem(405, "TRACE"))
        #expect(method.header("Allow") == "GET, HEAD, POST, PUT, DELETE, OPTIONS")
        let known = router.rejection(status: 405, detail: "TRACE is not supported.", path: "/connections/17")
        #expect(known.header("Allow") == "GET, HEAD, DELETE, OPTIONS")
    }
}
