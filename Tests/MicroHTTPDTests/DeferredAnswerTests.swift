import Glibc
import Testing

@testable import MicroHTTPD

extension LiveServerTests {
    /// Answers that are made when they are sent.
    @Suite struct DeferredAnswerTests {
        @Test func isMadeOnTheLibrarysThread() throws {
            let promises = Mailbox<DeferredResponse>()
            let threads = Mailbox<pthread_t>()
            try withServer(handler: { _ in
                threads.put(pthread_self())
                return .deferred { promises.put($0) }
            }) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request())
                let promise = try #require(promises.take())
                let library = try #require(threads.take())
                promise.complete {
                    threads.put(pthread_self())
                    return .text("made")
                }
                #expect(client.readReply()?.text == "made")
                let maker = try #require(threads.take())
                #expect(pthread_equal(maker, library) != 0 && pthread_equal(maker, pthread_self()) == 0)
                #expect(threads.all.isEmpty)
            }
        }

        /// What an answer is made from may be large.
        @Test func isLetGoWhenItIsMade() throws {
            final class Large: Sendable {}
            let promises = Mailbox<DeferredResponse>()
            try withServer(handler: { _ in .deferred { promises.put($0) } }) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request())
                let promise = try #require(promises.take())
                weak var kept: Large?
                do {
                    let large = Large()
                    kept = large
                    promise.complete { withExtendedLifetime(large) { .text("made") } }
                }
                #expect(client.readReply()?.text == "made")
                #expect(eventually { kept == nil })
            }
        }

        @Test func isNotMade_whenTheClientHasHungUp() throws {
            let promises = Mailbox<DeferredResponse>()
            let hungUp = Mailbox<Void>()
            let made = Mailbox<Void>()
            try withServer(handler: { _ in .deferred { promises.put($0) } }) { server, endpoint in
                var client: Client? = try Client(endpoint)
                client?.send(request())
                let promise = try #require(promises.take())
                promise.onDisconnect { hungUp.put(()) }
                client?.resetOnClose()
                client = nil
                try #require(hungUp.take() != nil)
                promise.complete {
                    made.put(())
                    return .text("nobody hears this")
                }
                #expect(eventually { server.connectionCount == 0 })
                #expect(made.all.isEmpty)
            }
        }

        @Test func isNotMade_whenTheServerHasStopped() throws {
            let promises = Mailbox<DeferredResponse>()
            let made = Mailbox<Void>()
            try withServer(handler: { _ in .deferred { promises.put($0) } }) { server, endpoint in
                let client = try Client(endpoint)
                client.send(request())
                let promise = try #require(promises.take())
                server.stop(grace: .zero)
                promise.complete {
                    made.put(())
                    return .text("too late")
                }
                #expect(client.replies()?.map(\.status) == [503])
                #expect(made.all.isEmpty)
            }
        }

        /// Another thread completes while the server stops: within the grace each client gets its answer, whole;
        /// without one it gets that, the refusal, or nothing.
        @Test(arguments: [Duration.zero, .seconds(5)])
        func stopMayCome_whileAnswersAreMade(grace: Duration) throws {
            for _ in 0..<25 {
                let promises = Mailbox<DeferredResponse>()
                let body = [UInt8](repeating: 7, count: 50_000)
                try withServer(handler: { _ in .deferred { promises.put($0) } }) { server, endpoint in
                    let clients = try (0..<8).map { _ in try Client(endpoint) }
                    for client in clients { client.send(request()) }
                    let held = clients.compactMap { _ in promises.take() }
                    let completing = TestThread {
                        for promise in held { promise.complete { HTTPResponse(status: 200, body: body) } }
                    }
                    server.stop(grace: grace)
                    completing.join()
                    for client in clients {
                        let replies = client.replies()
                        if grace > .zero { #expect(replies?.map(\.status) == [200]) }
                        #expect(replies?.allSatisfy { $0.status == 503 || $0.body == body } != false)
                    }
                }
            }
        }
    }
}
