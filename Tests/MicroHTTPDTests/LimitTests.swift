import Basics
import Glibc
import Testing
import Threads

@testable import MicroHTTPD

extension LiveServerTests {
    @Suite struct LimitTests {
        private static let slow: @Sendable (inout HTTPServerConfiguration) -> Void = {
            $0.requestDeadline = .milliseconds(300)
            $0.responseDeadline = .milliseconds(300)
            $0.inactivityTimeout = .seconds(60)
        }

        /// A byte now and then keeps the library's time-out away for ever.
        @Test(arguments: ["", "\r\n", "GET /ok HTTP/1.1\r\nHost: localhost\r\n", "GET /ok HTTP/1.1\r\nX-A: "])
        func slowRequestIsEnded(_ beginning: String) throws {
            try withServer(Self.slow) { server, endpoint in
                let client = try Client(endpoint)
                let start = MonotonicTime.now
                client.send(beginning)
                #expect(trickle("x", on: client))
                #expect(MonotonicTime.now < start + .seconds(5))
                #expect(eventually { server.connectionCount == 0 })
            }
        }

        @Test func slowRequestOnAKeptConnectionIsEnded() throws {
            try withServer({
                Self.slow(&$0)
                $0.inactivityTimeout = .seconds(1)
            }) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request())
                #expect(client.readReply()?.text == "ok")
                let start = MonotonicTime.now
                #expect(trickle("x", on: client))
                #expect(MonotonicTime.now < start + .seconds(5))
            }
        }

        @Test func quickRequestsOutliveTheDeadline() throws {
            try withServer({
                Self.slow(&$0)
                $0.requestDeadline = .seconds(1)
                $0.responseDeadline = .seconds(1)
            }) { _, endpoint in
                let client = try Client(endpoint)
                let start = MonotonicTime.now
                while MonotonicTime.now < start + .milliseconds(1500) {
                    client.send(request())
                    #expect(client.readReply()?.text == "ok")
                }
            }
        }

        @Test func clientThatDoesNotReadIsEnded() throws {
            let body = [UInt8](repeating: 1, count: 20_000_000)
            let answer = HTTPResponse(status: 200, body: body)
            try withServer(Self.slow, handler: { _ in .response(answer) }) { server, endpoint in
                let client = try Client(endpoint, receiveBuffer: 4096)
                client.send(request())
                client.read { $0.count > 1000 }
                #expect(eventually { server.connectionCount == 0 })
            }
        }

        @Test func idleConnectionIsClosed() throws {
            try withServer({ $0.inactivityTimeout = .seconds(1) }) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request())
                #expect(client.replies()?.count == 1)
                #expect(client.end == .closed)
            }
        }

        @Test func atTheLimitClientsWaitInTheQueue() throws {
            try withServer({
                $0.connectionLimit = 2
                $0.headroom = 0
            }) { server, endpoint in
                var clients = try (0..<2).map { _ in try Client(endpoint) }
                #expect(eventually { server.connectionCount == 2 })
                let queued = try Client(endpoint)
                queued.send(request())
                clients.removeLast()
                #expect(queued.readReply()?.text == "ok")
                #expect(server.connectionCount == 2)
            }
        }

        /// The library's other polling mode loses a connection slot for ever this way.
        @Test func requestWithFINLeavesNothingBehind() throws {
            try withServer { server, endpoint in
                for _ in 0..<2000 {
                    let client = try Client(endpoint)
                    client.send(request())
                    client.finishSending()
                }
                #expect(eventually { server.connectionCount == 0 })
                #expect(isServed(endpoint))
            }
        }

        @Test func refusalOfALargeBodyArrives() throws {
            try withServer { server, endpoint in
                for _ in 0..<20 {
                    let client = try Client(endpoint)
                    client.send(request("POST", "/ok", "Content-Length: 1000000\r\n"))
                    client.send([UInt8](repeating: 120, count: 1_000_000))
                    #expect(client.replies()?.map(\.status) == [413])
                    #expect(client.end == .closed)
                }
                #expect(eventually { server.connectionCount == 0 })
            }
        }

        /// Closing with unread input would reset the connection, and throw away what the client has yet to read.
        @Test func unreadInputDoesNotDestroyTheAnswer() throws {
            let answer = HTTPResponse(status: 200, body: [UInt8](repeating: 1, count: 300_000))
            try withServer({ $0.linger = .seconds(10) }, handler: { _ in .response(answer) }) { server, endpoint in
                for _ in 0..<5 {
                    let client = try Client(endpoint, receiveBuffer: 4096)
                    client.send(request("GET", "/ok", "Connection: close\r\n"))
                    client.send([UInt8](repeating: 120, count: 100_000))
                    #expect(client.replies()?.map(\.body.count) == [300_000])
                    #expect(client.end == .closed)
                }
                #expect(eventually { server.connectionCount == 0 })
            }
        }

        @Test func peerThatNeverEndsIsNotWaitedForLong() throws {
            try withServer({ $0.linger = .milliseconds(100) }) { server, endpoint in
                let clients = try (0..<40).map { _ in try Client(endpoint) }
                for client in clients { client.send(request("TRACE")) }
                for client in clients { #expect(client.replies()?.map(\.status) == [405]) }
                #expect(eventually { server.connectionCount == 0 })
            }
        }

        /// Sends a byte again and again until the server has closed.
        private func trickle(_ byte: String, on client: Client) -> Bool {
            eventually {
                client.send(byte)
                var polled = pollfd(fd: client.descriptor, events: Int16(POLLIN), revents: 0)
                poll(&polled, 1, 20)
                if polled.revents != 0 { client.readToEnd() }
                return client.end == .closed || client.end == .reset
            }
        }
    }
}
