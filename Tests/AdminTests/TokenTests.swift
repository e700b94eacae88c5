import Admin
import MicroHTTPD
import Testing

/// A token that never changes.
struct FixedToken: BearerToken {
    let text: String

    func accepts(_ candidate: [UInt8]) -> Bool { candidate == Array(text.utf8) }
}

@Suite struct TokenTests {
    private static let secret = "0123456789abcdef"
    private static let guarded = AdminConfiguration(
        token: FixedToken(text: secret), userID: 1000, version: "0.1.0", settings: FakeSettings())

    private func drain(_ authorization: [String], peer: HTTPPeer = .loopback, more: [(String, String)] = []) throws
        -> (response: HTTPResponse, drains: Int)
    {
        var headers = [(name: "Host", value: "localhost:8889")]
        headers += authorization.map { (name: "Authorization", value: $0) }
        headers += more.map { (name: $0.0, value: $0.1) }
        let service = FakeService()
        let response = try send(
            request(.post, "/drain", headers: headers, peer: peer), to: service, configuration: Self.guarded)
        return (response, service.seen.drainRequests.count)
    }

    @Test(arguments: ["Bearer \(secret)", "bearer \(secret)", "BEARER  \(secret)"])
    func rightToken_isTakenFromAnywhere(authorization: String) throws {
        for peer in [HTTPPeer.loopback, .remote, .unix(userID: 1000), .unix(userID: 4711)] {
            let (response, drains) = try drain([authorization], peer: peer)
            #expect(response.status == 202 && drains == 1)
        }
    }

    @Test(
        arguments: [
            [], [""], ["Bearer"], ["Bearer "], ["Bearer x"], [secret], ["Basic \(secret)"], ["Bearer \(secret)x"],
            ["Bearer \(secret) "], ["Bearer\(secret)"], ["Bearer \(secret.dropLast())"], ["Bearer \(secret)\0"],
            ["Bearer \(secret), Bearer \(secret)"], ["Bearer \(secret)", "Bearer \(secret)"], ["Bearer é"],
            ["Bearer x", "Bearer \(secret)"], ["BearerX \(secret)"], ["Bearer\t\(secret)"],
        ])
    func anythingElse_isUnauthorized_inTheSameWords(authorization: [String]) throws {
        let expected = try drain([]).response
        for peer in [HTTPPeer.loopback, .remote, .unix(userID: 0), .unix(userID: 4711)] {
            let (response, drains) = try drain(authorization, peer: peer)
            #expect(response == expected && response.isProblem(401, "--admin-token-file"))
            #expect(response.header("WWW-Authenticate")?.hasPrefix("Bearer") == true)
            #expect(drains == 0)
        }
    }

    @Test func token_doesNotMakeUpForAnotherOrigin() throws {
        let (response, drains) = try drain(["Bearer \(Self.secret)"], more: [("Origin", "http://evil.example")])
        #expect(response.status == 403 && drains == 0)
    }

    @Test func reading_needsNoToken() throws {
        for path in ["/status", "/livez", "/connections"] {
            #expect(try send(request(.get, path, peer: .remote), configuration: Self.guarded).status == 200)
        }
    }

    /// With a token, `--admin-allow-remote` opens nothing.
    @Test func allowRemote_doesNotReplaceTheToken() throws {
        var open = Self.guarded
        open.allowRemote = true
        #expect(try send(request(.post, "/shutdown", peer: .remote), configuration: open).status == 401)
    }
}
