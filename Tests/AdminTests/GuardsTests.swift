import Admin
import MicroHTTPD
import Testing

@Suite("Guards")
struct GuardsTests {
    private static let named = AdminConfiguration(
        allowedHosts: ["Echo.example"], userID: 1000, version: "0.1.0", settings: FakeSettings())

    @Test(
        arguments: [
            "localhost", "localhost:8889", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8889", "10.0.0.5:65535", "[::1]",
            "[::1]:8889", "[2001:DB8::1]:1", "[::ffff:10.0.0.9]", "echo.example", "ECHO.example:8889",
        ])
    func host_ofOurs_isAnswered(host: String) throws {
        let response = try send(request(.get, "/livez", headers: [("Host", host)]), configuration: Self.named)
        #expect(response.status == 200)
    }

    @Test(
        arguments: [
            "", "evil.com", "127.evil.com", "127.0.0.1.evil.com", "localhost.evil.com", "localhost.", "evil.com:8889",
            "localhost:", "localhost:x", "localhost:+1", "localhost:65536", "localhost:1:2", "localhost@evil.com",
            "127.1", "0x7f.0.0.1", "127.0.0.01", "256.0.0.1", "1.2.3", "::1", "[::1", "[::1]x", "[::1]:", "[localhost]",
            "[127.0.0.1]", "[fe80::1%25eth0]", "[:::]", "[1::2::3]", "[1:2:3:4:5:6:7]", "[12345::]", "[]", ":8889",
            "sub.echo.example", "echo.example.", "localhost localhost", "localhost,localhost",
        ])
    func host_ofOthers_isRefused(host: String) throws {
        for target in [
            request(.get, "/livez", headers: [("Host", host)]), request(.get, "/x", headers: [("Host", host)]),
        ] {
            #expect(try send(target, configuration: Self.named).isProblem(403, "--admin-host"))
        }
    }

    @Test func host_repeated_isRefused() throws {
        let headers = [(name: "Host", value: "localhost"), (name: "Host", value: "localhost")]
        #expect(try send(request(.get, "/livez", headers: headers)).isProblem(403, "exactly one Host"))
    }

    /// The HTTP server lets such a request through from HTTP/1.0 only.
    @Test func host_missing_isEnoughForReading_andNotForAChange() throws {
        #expect(try send(request(.get, "/livez", headers: [])).status == 200)
        #expect(try send(request(.options, "/drain", headers: [])).status == 204)
        for (method, path) in [(HTTPMethod.post, "/drain"), (.get, "/prestop"), (.delete, "/connections/17")] {
            let service = FakeService()
            #expect(try send(request(method, path, headers: []), to: service).isProblem(403, "needs a Host"))
            #expect(service.seen.drainRequests.isEmpty)
        }
    }

    private static let wildcard = AdminConfiguration(
        allowedHosts: ["*.echo.example"], userID: 1000, version: "0.1.0", settings: FakeSettings())

    @Test(arguments: [
        ("a.echo.example", 200), ("A.b.Echo.example:8889", 200), ("echo.example", 403),
        (".echo.example", 403), ("a..echo.example", 403), ("aecho.example", 403), ("a.echo.example.evil.com", 403),
    ])
    func host_belowAWildcard_isAnswered(host: String, status: Int) throws {
        let answer = try send(request(.get, "/livez", headers: [("Host", host)]), configuration: Self.wildcard)
        #expect(answer.status == status)
    }

    @Test(
        arguments: [
            ("Forwarded", "for=10.0.0.9"), ("X-Forwarded-For", "10.0.0.9"), ("X-Forwarded-Proto", "https"),
            ("Via", "1.1 proxy"),
        ])
    func mutation_thatAProxyPassedOn_needsTheToken(name: String, value: String) throws {
        let headers = [(name: "Host", value: "localhost"), (name: name, value: value)]
        for peer in [HTTPPeer.loopback, .unix(userID: 0)] {
            let passedOn = request(.post, "/drain", headers: headers, peer: peer)
            let service = FakeService()
            #expect(try send(passedOn, to: service).isProblem(403, "--admin-token-file"))
            #expect(service.seen.drainRequests.isEmpty)
            #expect(try send(request(.get, "/status", headers: headers, peer: peer)).status == 200)
            let open = AdminConfiguration(allowRemote: true, userID: 1000, version: "0.1.0", settings: FakeSettings())
            #expect(try send(passedOn, configuration: open).status == 202)
        }
    }

    /// Behind a proxy that speaks TLS the page's scheme is another one; a port that is left out is that of the scheme.
    @Test(
        arguments: [
            ("echo.example", "https://echo.example"), ("echo.example", "http://echo.example"),
            ("echo.example:443", "https://echo.example"), ("echo.example", "https://ECHO.example:443"),
            ("echo.example:8443", "https://echo.example:8443"), ("[::1]:8889", "https://[::1]:8889"),
        ])
    func mutation_fromAPageBehindTLS_isTaken(host: String, origin: String) throws {
        let headers = [(name: "Host", value: host), (name: "Origin", value: origin)]
        #expect(try send(request(.post, "/drain", headers: headers), configuration: Self.named).status == 202)
    }

    @Test(
        arguments: [
            ("echo.example", "https://echo.example:8443"), ("echo.example:443", "http://echo.example"),
            ("echo.example:80", "https://echo.example"), ("[::1]:8889", "https://::1:8889"),
            ("localhost", "https://user@localhost"), ("localhost", "ftp://localhost"), ("localhost", "localhost"),
        ])
    func mutation_fromAnotherPort_isRefused(host: String, origin: String) throws {
        let headers = [(name: "Host", value: host), (name: "Origin", value: origin)]
        #expect(try send(request(.post, "/drain", headers: headers), configuration: Self.named).status == 403)
    }

    @Test(
        arguments: [
            [("Sec-Fetch-Site", "same-origin")], [("Sec-Fetch-Site", "none")], [("Origin", "http://localhost:8889")],
            [("Sec-Fetch-Site", "same-origin"), ("Origin", "http://localhost:8889")],
        ])
    func mutation_fromOurOwnPage_isTaken(headers: [(String, String)]) throws {
        let all = [(name: "Host", value: "localhost:8889")] + headers.map { (name: $0.0, value: $0.1) }
        #expect(try send(request(.post, "/drain", headers: all)).status == 202)
    }

    @Test(
        arguments: [
            [("Sec-Fetch-Site", "cross-site")], [("Sec-Fetch-Site", "same-site")], [("Sec-Fetch-Site", "")],
            [("Sec-Fetch-Site", "Same-Origin")],
            [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "same-origin")],
            [("Origin", "null")], [("Origin", "http://evil.com")],
            [("Origin", "http://localhost")], [("Origin", "http://localhost:8889/")], [("Origin", "")],
            [("Origin", "http://localhost:8889"), ("Origin", "http://localhost:8889")],
            [("Sec-Fetch-Site", "cross-site"), ("Origin", "http://localhost:8889")],
            [("Sec-Fetch-Site", "same-origin"), ("Origin", "null")],
        ])
    func mutation_fromAnotherPage_isRefused(headers: [(String, String)]) throws {
        let all = [(name: "Host", value: "localhost:8889")] + headers.map { (name: $0.0, value: $0.1) }
        for path in ["/drain", "/shutdown"] {
            let service = FakeService()
            #expect(try send(request(.post, path, headers: all), to: service).isProblem(403, "curl"))
            #expect(service.seen.drainRequests.isEmpty)
        }
        // Reading is open: without a CORS header the page does not see the answer.
        #expect(try send(request(.get, "/status", headers: all)).status == 200)
    }

    @Test(arguments: [HTTPPeer.loopback, .unix(userID: 1000), .unix(userID: 0)])
    func mutation_fromANearPeer_isTaken(peer: HTTPPeer) throws {
        #expect(try send(request(.post, "/drain", peer: peer)).status == 202)
    }

    @Test(arguments: [HTTPPeer.remote, .unix(userID: 1001)])
    func mutation_fromAnotherPeer_needsAllowRemote(peer: HTTPPeer) throws {
        let service = FakeService()
        let refused = try send(request(.post, "/shutdown", peer: peer), to: service)
        #expect(refused.isProblem(403, "--admin-allow-remote"))
        #expect(service.seen.drainRequests.isEmpty)
        #expect(try send(request(.get, "/status", peer: peer)).status == 200)

        let open = AdminConfiguration(
            allowRemote: true, userID: 1000, version: "0.1.0", settings: FakeSettings())
        #expect(try send(request(.post, "/shutdown", peer: peer), configuration: open).status == 202)
        let crossSite = [(name: "Host", value: "localhost"), (name: "Origin", value: "null")]
        let page = request(.post, "/shutdown", headers: crossSite, peer: peer)
        #expect(try send(page, configuration: open).status == 403)
    }
}
