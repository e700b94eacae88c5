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

    @Test func host_missingOrRepeated_isRefused() throws {
        let twice = [("Host", "localhost"), ("Host", "localhost")]
        for headers: [(name: String, value: String)] in [[], twice.map { (name: $0.0, value: $0.1) }] {
            #expect(try send(request(.get, "/livez", headers: headers)).isProblem(403, "exactly one Host"))
        }
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
            [("Origin", "null")], [("Origin", "http://evil.com")], [("Origin", "https://localhost:8889")],
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
