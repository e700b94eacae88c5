import Basics
import Glibc
import Testing
import Threads

@testable import MicroHTTPD

extension LiveServerTests {
    @Suite struct StopTests {
        /// The library aborts the process when it is stopped with a suspended connection.
        @Test func suspendedRequestsAreAnswered() throws {
            for round in 0..<100 {
                let promises = Mailbox<DeferredResponse>()
                // The library's thread may be late on a busy machine.
                try withServer(
                    { $0.lastAnswers = .seconds(20) }, handler: { _ in .deferred { promises.put($0) } }
                ) { server, endpoint in
                    var clients = try (0..<20).map { _ in try Client(endpoint) }
                    for client in clients { client.send(request()) }
                    let held = clients.compactMap { _ in promises.take() }
                    #expect(held.count == 20)
                    if round.isMultiple(of: 2) { clients.removeLast(5) }
                    server.stop(grace: .milliseconds(round % 4))
                    for client in clients {
                        let replies = try #require(client.replies())
                        #expect(replies.map(\.status) == [503])
                        #expect(replies.first?.values("connection") == ["close"])
                    }
                    held.forEach { $0.complete(.text("too late")) }
                }
            }
        }

        /// Nothing may be suspended between the last look and the library's stop.
        @Test func requestsThatArriveInTheEndAreNoMatter() throws {
            for _ in 0..<100 {
                let promises = Mailbox<DeferredResponse>()
                try withServer(
                    { $0.perAddressLimit = 128 }, handler: { _ in .deferred { promises.put($0) } }
                ) { server, endpoint in
                    let storm = TestThread {
                        var clients: [Client] = []
                        while clients.count < 120, let client = try? Client(endpoint) {
                            client.send(request())
                            clients.append(client)
                        }
                    }
                    _ = promises.take()
                    server.stop(grace: .zero)
                    storm.join()
                }
            }
        }

        /// Half the answers come while the stop waits for them.
        @Test func answersGivenInTheGraceArrive() throws {
            for _ in 0..<50 {
                let promises = Mailbox<DeferredResponse>()
                try withServer(handler: { _ in .deferred { promises.put($0) } }) { server, endpoint in
                    let clients = try (0..<8).map { _ in try Client(endpoint) }
                    for client in clients { client.send(request()) }
                    let held = clients.compactMap { _ in promises.take() }
                    let stopping = TestThread { server.stop(grace: .seconds(5)) }
                    let answer = HTTPResponse(status: 200, body: Array(repeating: 7, count: 50_000))
                    for promise in held { promise.complete(answer) }
                    stopping.join()
                    for client in clients {
                        #expect(client.replies()?.map(\.body.count) == [50_000])
                        #expect(client.end == .closed)
                    }
                }
            }
        }

        @Test func answerToASlowReaderLeavesFirst() throws {
            let body = [UInt8](repeating: 1, count: 3_000_000)
            let asked = Mailbox<Void>()
            try withServer(handler: { _ in
                asked.put(())
                return .response(HTTPResponse(status: 200, body: body))
            }) { server, endpoint in
                let client = try Client(endpoint, receiveBuffer: 4096)
                client.send(request())
                _ = asked.take()
                let stopping = TestThread { server.stop(grace: .seconds(10)) }
                let replies = try #require(client.replies())
                stopping.join()
                #expect(replies.map(\.body.count) == [body.count])
            }
        }

        @Test func idleConnectionsDoNotDelayIt() throws {
            try withServer { server, endpoint in
                let clients = try (0..<5).map { _ in try Client(endpoint) }
                for client in clients {
                    client.send(request())
                    _ = client.readReply()
                }
                let silent = try Client(endpoint)
                #expect(eventually { server.connectionCount == 6 })
                let start = MonotonicTime.now
                server.stop(grace: .seconds(10))
                #expect(MonotonicTime.now < start + .seconds(5))
                for client in clients + [silent] {
                    #expect(client.replies() == [])
                    #expect(client.end == .closed)
                }
                #expect(server.connectionCount == 0)
            }
        }

        @Test func newRequestsAreServedUntilTheEnd() throws {
            let promises = Mailbox<DeferredResponse>()
            try withServer(handler: { request in
                request.path == "/ok" ? .response(.text("ok")) : .deferred { promises.put($0) }
            }) { server, endpoint in
                let waiting = try Client(endpoint)
                waiting.send(request("GET", "/later"))
                let promise = try #require(promises.take())
                let stopping = TestThread { server.stop(grace: .seconds(10)) }
                // An answer that closes its connection shows that the stop has begun.
                let isClosing = eventually {
                    guard let client = try? Client(endpoint) else { return false }
                    client.send(request())
                    return client.readReply()?.values("connection") == ["close"]
                }
                #expect(isClosing)
                promise.complete(.text("later"))
                stopping.join()
                #expect(waiting.replies()?.map(\.text) == ["later"])
            }
        }

        @Test func graceIsKept() throws {
            let promises = Mailbox<DeferredResponse>()
            try withServer(handler: { _ in .deferred { promises.put($0) } }) { server, endpoint in
                let client = try Client(endpoint)
                client.send(request())
                let promise = try #require(promises.take())
                let start = MonotonicTime.now
                server.stop(grace: .milliseconds(200))
                #expect(MonotonicTime.now >= start + .milliseconds(200))
                #expect(MonotonicTime.now < start + .seconds(3))
                promise.complete(.text("too late"))
            }
        }

        @Test func isIdempotentAndEveryCallerWaits() throws {
            try withServer { server, endpoint in
                let client = try Client(endpoint)
                let callers = (0..<4).map { _ in
                    TestThread {
                        server.stop()
                        #expect(server.connectionCount == 0)
                    }
                }
                callers.forEach { $0.join() }
                server.stop()
                #expect(client.replies() == [])
            }
        }

        @Test func listeningSocketIsClosed() throws {
            let endpoint = try withServer { _, endpoint in endpoint }
            #expect(throws: SocketError.self) { try Client(endpoint) }
        }

        @Test func nothingStaysOpen() throws {
            let before = try openDescriptors()
            for _ in 0..<20 {
                try withServer { _, endpoint in
                    let refused = try Client(endpoint)
                    refused.send(request("TRACE"))
                    _ = refused.readReply()
                    let client = try Client(endpoint)
                    client.send(request())
                    _ = client.readReply()
                }
            }
            #expect(try openDescriptors() == before)
        }

        private func openDescriptors() throws -> Int {
            guard let directory = opendir("/proc/self/fd") else { throw SocketError(call: "opendir") }
            defer { closedir(directory) }
            var count = 0
            while readdir(directory) != nil { count += 1 }
            return count
        }
    }
}
