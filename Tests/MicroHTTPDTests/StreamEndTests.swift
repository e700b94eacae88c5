import Basics
import Glibc
import Testing
import Threads

@testable import MicroHTTPD

extension LiveServerTests {
    /// Clients that go, do not read, or are still there when the server stops.
    @Suite struct StreamEndTests {
        /// A reset is seen without anything being sent; so is the close of a Unix client.
        @Test func clientThatVanishedIsNoticed() throws {
            let streams = Mailbox<ResponseStream>()
            let ended = Mailbox<Void>()
            try withServer(handler: streaming(to: streams)) { server, endpoint in
                var client: Client? = try Client(endpoint)
                client?.send(request("GET", "/events"))
                let stream = try #require(streams.take())
                stream.onEnd { ended.put(()) }
                client?.resetOnClose()
                client = nil
                #expect(ended.take() != nil)
                #expect(!stream.send("nobody hears this"))
                stream.onEnd { ended.put(()) }
                #expect(ended.take() != nil)
                #expect(eventually { server.connectionCount == 0 })
            }
        }

        @Test func clientThatClosedIsNoticedByWhatIsSent() throws {
            let streams = Mailbox<ResponseStream>()
            try withServer(handler: streaming(to: streams)) { server, endpoint in
                var client: Client? = try Client(endpoint)
                client?.send(request("GET", "/events"))
                let stream = try #require(streams.take())
                client?.readStream(until: "\r\n\r\n")
                client = nil
                #expect(eventually { !stream.send("nobody hears this") })
                #expect(eventually { server.connectionCount == 0 })
            }
        }

        @Test func promiseIsToldThatTheClientHungUp() throws {
            let promises = Mailbox<DeferredResponse>()
            let disconnected = Mailbox<Void>()
            try withServer(handler: { _ in .deferred { promises.put($0) } }) { server, endpoint in
                let patient = try Client(endpoint)
                patient.send(request())
                let kept = try #require(promises.take())
                kept.onDisconnect { disconnected.put(()) }
                patient.finishSending()
                var client: Client? = try Client(endpoint)
                client?.send(request())
                let promise = try #require(promises.take())
                promise.onDisconnect { disconnected.put(()) }
                client?.resetOnClose()
                client = nil
                #expect(disconnected.take() != nil)
                promise.onDisconnect { disconnected.put(()) }
                #expect(disconnected.take() != nil)
                promise.complete(.text("nobody hears this"))
                #expect(eventually { server.connectionCount == 1 })
                #expect(disconnected.all.isEmpty)
                kept.complete(.text("patience"))
                #expect(patient.replies()?.map(\.text) == ["patience"])
            }
        }

        @Test func readerThatIsTooFarBehindIsCut() throws {
            let streams = Mailbox<ResponseStream>()
            let ended = Mailbox<Void>()
            try withServer(handler: streaming(to: streams)) { server, endpoint in
                let lazy = try Client(endpoint, receiveBuffer: 4096)
                lazy.send(request("GET", "/events"))
                let behind = try #require(streams.take())
                behind.onEnd { ended.put(()) }
                let reader = try Client(endpoint)
                reader.send(request("GET", "/events"))
                let stream = try #require(streams.take())
                let message = String(repeating: "x", count: 999) + "\n"
                var sent = 0
                while sent < 1000, behind.send(message) {
                    #expect(stream.send("\(sent);"))
                    reader.readStream(until: "\(sent);")
                    reader.take(reader.received.count)
                    sent += 1
                }
                // What the two kernels hold comes on top of our 64.
                #expect((64..<400).contains(sent))
                #expect(ended.take() != nil)
                #expect(eventually { server.connectionCount == 1 })
                #expect(stream.send("still here;"))
                reader.readStream(until: "still here;")
            }
        }

        @Test func oneMessageMayBeLongerThanTheLimit() throws {
            let streams = Mailbox<ResponseStream>()
            try withServer(handler: streaming(to: streams)) { _, endpoint in
                let client = try Client(endpoint)
                client.send(request("GET", "/events"))
                let stream = try #require(streams.take())
                client.readStream(until: "\r\n\r\n")
                #expect(stream.send(String(repeating: "x", count: 200_000)))
                stream.finish()
                #expect(client.readWholeStream()?.utf8.count == 200_000)
            }
        }

        /// A quarter vanishes, some never read, the living hear the last word.
        @Test func stopEndsAll() throws {
            for round in 0..<60 {
                let streams = Mailbox<ResponseStream>()
                try withServer(handler: streaming(to: streams)) { server, endpoint in
                    var clients = try (0..<20).map { try Client(endpoint, receiveBuffer: $0 < 3 ? 4096 : nil) }
                    for client in clients { client.send(request("GET", "/events")) }
                    let held = clients.compactMap { _ in streams.take() }
                    #expect(held.count == 20)
                    let sender = TestThread {
                        for number in 0..<30 { for stream in held { _ = stream.send("event \(number);") } }
                        for stream in held { _ = stream.send("done") }
                    }
                    for client in clients.suffix(5) where round.isMultiple(of: 2) { client.resetOnClose() }
                    clients.removeLast(5)
                    if round.isMultiple(of: 3) { held.forEach { $0.finish() } } else { sender.join() }
                    server.stop(grace: round.isMultiple(of: 5) ? .zero : .seconds(5))
                    if round.isMultiple(of: 3) { sender.join() }
                    #expect(server.connectionCount == 0)
                    #expect(held.allSatisfy { !$0.send("too late") })
                    guard !round.isMultiple(of: 3), !round.isMultiple(of: 5) else { return }
                    for client in clients.dropFirst(3) { #expect(client.readWholeStream()?.hasSuffix("done") == true) }
                }
            }
        }

        @Test func stopWaitsForNoReaderLongerThanTheGrace() throws {
            let streams = Mailbox<ResponseStream>()
            try withServer(handler: streaming(to: streams)) { server, endpoint in
                let clients = try (0..<20).map { _ in try Client(endpoint, receiveBuffer: 4096) }
                for client in clients { client.send(request("GET", "/events")) }
                for _ in clients {
                    let stream = try #require(streams.take())
                    #expect(stream.send(String(repeating: "x", count: 200_000)))
                }
                let start = MonotonicTime.now
                server.stop(grace: .milliseconds(200))
                #expect(MonotonicTime.now >= start + .milliseconds(200))
                #expect(MonotonicTime.now < start + .seconds(5))
            }
        }

        @Test func newStreamIsRefusedWhileTheServerStops() throws {
            let streams = Mailbox<ResponseStream>()
            let promises = Mailbox<DeferredResponse>()
            try withServer(handler: { request in
                request.path == "/later" ? .deferred { promises.put($0) } : .stream(.events("")) { streams.put($0) }
            }) { server, endpoint in
                let waiting = try Client(endpoint)
                waiting.send(request("GET", "/later"))
                let promise = try #require(promises.take())
                let first = try Client(endpoint)
                first.send(request("GET", "/events"))
                let stream = try #require(streams.take())
                let late = try Client(endpoint)
                let stopping = TestThread { server.stop(grace: .seconds(10)) }
                // That the stream is over shows that the stop has begun.
                #expect(eventually { !stream.send("x") })
                late.send(request("GET", "/events"))
                #expect(late.readReply()?.status == 503)
                promise.complete(.text("later"))
                stopping.join()
            }
        }
    }
}
