import Glibc
import Testing

@testable import MicroHTTPD

extension LiveServerTests {
    @Suite struct DeferredResponseTests {
        @Test func isCompletedFromAnotherThread() throws {
            let promises = Mailbox<DeferredResponse>()
            try withServer(handler: { _ in .deferred { promises.put($0) } }) { _, endpoint in
                let client = try Client(endpoint)
                for number in 0..<200 {
                    client.send(request())
                    try #require(promises.take()).complete(.text("\(number)"))
                    #expect(client.readReply()?.text == "\(number)")
                }
            }
        }

        @Test func isCompletedWithinTheClosure() throws {
            try withServer(handler: { request in .deferred { $0.complete(.text(request.path)) } }) { _, endpoint in
                let client = try Client(endpoint)
                client.send((0..<20).map { request("GET", "/\($0)") }.joined())
                for number in 0..<20 { #expect(client.readReply()?.text == "/\(number)") }
            }
        }

        /// Another thread races the return of the closure, hence of the callback that suspends.
        @Test func isCompletedWhileItIsSuspended() throws {
            let promises = Mailbox<DeferredResponse?>()
            let completer = TestThread {
                while let promise = promises.take(), let promise { promise.complete(.text("ok")) }
            }
            defer { completer.join() }
            defer { promises.put(nil) }
            try withServer(handler: { _ in .deferred { promises.put($0) } }) { _, endpoint in
                let clients = try (0..<8).map { _ in try Client(endpoint) }
                for _ in 0..<100 {
                    for client in clients { client.send(request()) }
                    for client in clients { #expect(client.readReply()?.text == "ok") }
                }
            }
        }

        @Test func onlyTheFirstCompletionCounts() throws {
            let promises = Mailbox<DeferredResponse>()
            try withServer(handler: { request in
                request.path == "/ok" ? .response(.text("ok")) : .deferred { promises.put($0) }
            }) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request("GET", "/later"))
                let promise = try #require(promises.take())
                promise.complete(.text("first"))
                promise.complete(.text("second"))
                #expect(client.readReply()?.text == "first")
                client.send(request("GET", "/later"))
                promise.complete(.text("third"))
                try #require(promises.take()).complete(.text("fourth"))
                #expect(client.readReply()?.text == "fourth")
            }
        }

        @Test func otherClientsAreServedMeanwhile() throws {
            let promises = Mailbox<DeferredResponse>()
            try withServer(handler: { request in
                request.path == "/ok" ? .response(.text("ok")) : .deferred { promises.put($0) }
            }) { _, endpoint in
                let waiting = try Client(endpoint)
                waiting.send(request("GET", "/later") + request())
                let promise = try #require(promises.take())
                let other = try Client(endpoint)
                other.send(request())
                #expect(other.readReply()?.text == "ok")
                promise.complete(.text("later"))
                #expect(waiting.readReply()?.text == "later")
                #expect(waiting.readReply()?.text == "ok")
            }
        }

        /// What ncat does when its input ends, with the request or while the answer is waited for.
        @Test(arguments: [true, false])
        func clientThatStopsSendingIsAnswered(atOnce: Bool) throws {
            let promises = Mailbox<DeferredResponse>()
            try withServer(handler: { _ in .deferred { promises.put($0) } }) { _, endpoint in
                for _ in 0..<20 {
                    let client = try Client(endpoint)
                    client.send(request())
                    if atOnce { client.finishSending() }
                    let promise = try #require(promises.take())
                    if !atOnce { client.finishSending() }
                    promise.complete(.text("later"))
                    #expect(client.replies()?.map(\.text) == ["later"])
                }
            }
        }

        @Test func clientThatVanishedIsNoMatter() throws {
            let promises = Mailbox<DeferredResponse>()
            try withServer(handler: { _ in .deferred { promises.put($0) } }) { server, endpoint in
                for isReset in [true, false] {
                    for _ in 0..<50 {
                        var client: Client? = try Client(endpoint)
                        client?.send(request())
                        let promise = try #require(promises.take())
                        if isReset { client?.resetOnClose() }
                        client = nil
                        promise.complete(.text("nobody hears this"))
                        promise.complete(.text("nor this"))
                    }
                }
                #expect(eventually { server.connectionCount == 0 })
            }
        }

        @Test func completionAfterTheServerIsGoneDoesNothing() throws {
            let promises = Mailbox<DeferredResponse>()
            let promise = try withServer(handler: { _ in .deferred { promises.put($0) } }) { server, endpoint in
                let client = try Client(endpoint)
                client.send(request())
                let promise = try #require(promises.take())
                server.stop(grace: .zero)
                #expect(client.readReply()?.status == 503)
                return promise
            }
            promise.complete(.text("too late"))
        }

        @Test func droppedPromiseIsAFailure() throws {
            try withServer(handler: { _ in .deferred { _ in } }) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request())
                #expect(client.readReply()?.status == 500)
            }
        }

        @Test func waitingIsNotLimitedByTheDeadlines() throws {
            let promises = Mailbox<DeferredResponse>()
            try withServer(
                {
                    $0.requestDeadline = .milliseconds(50)
                    $0.responseDeadline = .milliseconds(50)
                    $0.inactivityTimeout = .seconds(1)
                },
                handler: { request in
                    request.path == "/ok" ? .response(.text("ok")) : .deferred { promises.put($0) }
                }
            ) { _, endpoint in
                let waiting = try Client(endpoint)
                waiting.send(request("GET", "/later"))
                let promise = try #require(promises.take())
                // An idle client that the library has closed shows that its time-out has passed.
                let idle = try Client(endpoint)
                idle.send(request())
                #expect(idle.replies()?.count == 1)
                promise.complete(.text("later"))
                #expect(waiting.readReply()?.text == "later")
            }
        }
    }
}
