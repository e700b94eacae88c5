import EventLoops
import Testing

@testable import AdminClient

@Suite("Exchanges over real sockets")
struct ExchangeTests {
    private let request = AdminRequest(.get, "/status")

    private func code(_ candidates: [SocketAddress], limit: Duration) throws -> AdminClientError.Code? {
        let target = AdminTarget(name: "here", candidates: candidates)
        guard case .failure(let error) = try ClientLoop.send(request, to: target, limit: limit) else { return nil }
        return error.code
    }

    @Test func whoAcceptsAndSaysNothing_isTimedOut() throws {
        // The kernel accepts for it; nobody reads.
        let silent = try ListeningSocket(.ipv4(0x7f00_0001, port: 0))
        #expect(try code([silent.address], limit: .milliseconds(50)) == .timedOut)
    }

    @Test(arguments: [AdminRequest.Method.get, .post, .delete])
    func whatChangesSomething_mayStillBeDone(method: AdminRequest.Method) throws {
        let silent = try ListeningSocket(.ipv4(0x7f00_0001, port: 0))
        let target = AdminTarget(name: "here", candidates: [silent.address])
        let request = AdminRequest(method, "/drain")
        let outcome = try ClientLoop.send(request, to: target, limit: .milliseconds(50))
        guard case .failure(let error) = outcome else {
            Issue.record("it was answered")
            return
        }
        #expect(error.description.hasSuffix("; it may still do what was asked") == (method != .get))
    }

    @Test func nobodyListens_isUnreachable_andNamesEachAddress() throws {
        let candidates = SocketAddress.loopbacks(port: 1)
        let target = AdminTarget(name: "localhost:1", candidates: candidates)
        guard case .failure(let error) = try ClientLoop.send(request, to: target) else {
            Issue.record("somebody listens on port 1")
            return
        }
        #expect(error.code == .unreachable)
        #expect(error.description.contains("127.0.0.1:1: Connection refused; [::1]:1: Connection refused"))
    }

    @Test func theNextAddress_isTried() throws {
        let silent = try ListeningSocket(.ipv4(0x7f00_0001, port: 0))
        let candidates = [.ipv4(0x7f00_0001, port: 1), .unix(path: "/nowhere/at/all"), silent.address]
        #expect(try code(candidates, limit: .milliseconds(50)) == .timedOut)
    }

    @Test func aPathThatIsTooLong_isUnreachable() throws {
        let path = String(repeating: "x", count: 200)
        #expect(try code([.unix(path: path)], limit: .seconds(1)) == .unreachable)
    }
}
