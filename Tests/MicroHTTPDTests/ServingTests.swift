import Basics
import Glibc
import Testing

@testable import MicroHTTPD

extension LiveServerTests {
    @Suite struct ServingTests {
        @Test func requestReachesTheHandlerAsSent() throws {
            let requests = Mailbox<HTTPRequest>()
            try withServer(handler: { request in
                requests.put(request)
                return .response(.text("ok"))
            }) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request("DELETE", "/a/b//c?x=%31&y=?&x", "X-A: one\r\nx-a:\ttwo \t\r\n"))
                #expect(client.readReply()?.status == 200)
                let request = try #require(requests.take())
                #expect(request.method == .delete)
                #expect(request.path == "/a/b//c")
                #expect(request.query == "x=%31&y=?&x")
                #expect(request.headers.map(\.name) == ["host", "x-a", "x-a"])
                // White space around a value is not part of it (RFC 9112, 5.1).
                #expect(request.values(of: "x-a") == ["one", "two"])
                #expect(request.peer == .network(.v4(0x7f00_0001)))
            }
        }

        @Test func emptyQueryIsNotNoQuery() throws {
            let requests = Mailbox<HTTPRequest>()
            try withServer(handler: { request in
                requests.put(request)
                return .response(.text("ok"))
            }) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request("GET", "/a") + request("GET", "/a?"))
                #expect(requests.take()?.query == nil)
                #expect(requests.take()?.query == "")
            }
        }

        @Test func answerIsSentAsMade() throws {
            let answer = HTTPResponse(
                status: 404, headers: [.init("X-A", "b"), .init("X-A", "c")], body: [0, 255, 10])
            try withServer(handler: { _ in .response(answer) }) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request())
                let reply = try #require(client.readReply())
                #expect(reply.status == 404)
                #expect(reply.values("x-a") == ["b", "c"])
                #expect(reply.values("content-length") == ["3"])
                #expect(reply.values("date").count == 1)
                #expect(reply.values("server").isEmpty)
                #expect(reply.body == [0, 255, 10])
            }
        }

        @Test func connectionIsKeptAlive() throws {
            try withServer { server, endpoint in
                let client = try Client(endpoint)
                for _ in 0..<100 {
                    client.send(request())
                    #expect(client.readReply()?.text == "ok")
                }
                #expect(server.connectionCount == 1)
            }
        }

        @Test func pipelinedRequestsAreAnsweredInOrder() throws {
            try withServer(handler: { .response(.text($0.path)) }) { _, endpoint in
                let client = try Client(endpoint)
                client.send((0..<50).map { request("GET", "/\($0)") }.joined())
                for number in 0..<50 { #expect(client.readReply()?.text == "/\(number)") }
            }
        }

        @Test func headHasTheLengthButNoBody() throws {
            try withServer { _, endpoint in
                let client = try Client(endpoint)
                client.send(request("HEAD") + request())
                #expect(client.readReply(toHead: true)?.values("content-length") == ["2"])
                #expect(client.readReply()?.text == "ok")
            }
        }

        @Test func wrongMethodNamesTheRightOnes() throws {
            try withServer { _, endpoint in
                let client = try Client(endpoint)
                client.send(request("PATCH"))
                #expect(client.readReply()?.values("allow") == ["GET, HEAD, POST, PUT, DELETE, OPTIONS"])
            }
        }

        @Test func largeAnswerArrivesWhole() throws {
            let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try withServer(handler: { _ in .response(HTTPResponse(status: 200, body: body)) }) { _, endpoint in
                let client = try Client(endpoint, receiveBuffer: 4096)
                client.send(request())
                client.read { $0.count > 3_000_000 }
                #expect(client.readReply()?.body == body)
            }
        }

        @Test(arguments: [
            HTTPResponse(status: 200, headers: [.init("X-A", "b\r\nX-B: c")]),
            HTTPResponse(status: 200, headers: [.init("X-A", "b\0c")]),
            HTTPResponse(status: 200, headers: [.init("Content-Length", "7")]),
            HTTPResponse(status: 99), HTTPResponse(status: 100), HTTPResponse(status: -1), HTTPResponse(status: 1000),
        ])
        func answerThatIsNoHTTPBecomesAFailure(_ answer: HTTPResponse) throws {
            let log = Mailbox<String>()
            try withServer({ $0.log = { log.put($0) } }, handler: { _ in .response(answer) }) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request())
                let reply = try #require(client.readReply())
                #expect(reply.status == 500)
                #expect(reply.values("x-b").isEmpty)
                #expect(log.take()?.contains("not valid HTTP") == true)
            }
        }

        @Test func dualStackPeersAreShownPlainly() throws {
            let peers = Mailbox<HTTPPeer>()
            let (descriptor, port) = try Sockets.listenDualStack()
            let server = try makeServer(
                on: descriptor,
                handler: { request in
                    peers.put(request.peer)
                    return .response(.text("ok"))
                })
            defer { server.stop() }
            for endpoint in [Endpoint.ipv4(port: port), .ipv6(port: port)] {
                let client = try Client(endpoint)
                client.send(request())
                _ = client.readReply()
            }
            #expect(peers.take() == .network(.v4(0x7f00_0001)))
            #expect(peers.take() == .network(.v6(high: 0, low: 1)))
        }

        /// With a client bound to a long path the library's own address would hold memory beyond its buffer.
        @Test func unixPeerIsItsUser() throws {
            let path = "/tmp/mhd-\(getpid()).sock"
            let clientPath = "/tmp/mhd-\(getpid())-" + String(repeating: "c", count: 70)
            defer {
                unlink(path)
                unlink(clientPath)
            }
            let peers = Mailbox<HTTPPeer>()
            let server = try makeServer(
                on: try Sockets.listen(path: path),
                handler: { request in
                    peers.put(request.peer)
                    return .response(.text("ok"))
                })
            defer { server.stop() }
            let client = try Client(.unix(path: path), from: clientPath)
            client.send(request())
            #expect(client.readReply()?.text == "ok")
            #expect(peers.take() == .unix(userID: getuid()))
        }

        @Test func whatIsNoListeningSocketIsRefused() throws {
            #expect(throws: HTTPServerError(call: "fcntl", errno: EBADF)) { try makeServer(on: -1) }
        }
    }
}
