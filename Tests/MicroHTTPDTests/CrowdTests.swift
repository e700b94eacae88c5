import Glibc
import Testing

@testable import MicroHTTPD

extension LiveServerTests {
    /// More clients than the server has places for, none of which leaves by itself.
    @Suite struct CrowdTests {
        private static let small: @Sendable (inout HTTPServerConfiguration) -> Void = {
            $0.connectionLimit = 20
            $0.headroom = 4
            $0.perAddressLimit = 1000
            $0.inactivityTimeout = .seconds(60)
            $0.requestDeadline = .seconds(60)
            $0.responseDeadline = .seconds(60)
        }

        @Test(arguments: ["", "GET /ok HTTP/1.1\r\nHost: localhost\r\nX-A: ", request()])
        func theOldestMakeRoom(_ beginning: String) throws {
            try withServer(Self.small) { server, endpoint in
                let crowd = try join(100, endpoint, sending: beginning)
                let newcomer = try Client(endpoint)
                newcomer.send(request())
                #expect(newcomer.readReply()?.text == "ok")
                #expect(eventually { !crowd[..<85].contains(where: isOpen) })
                #expect(eventually { server.connectionCount == 16 })
                #expect(crowd[85...].allSatisfy(isOpen))
            }
        }

        @Test func aUnixSocketHasTheSameRule() throws {
            let path = "/tmp/mhd-crowd-\(getpid()).sock"
            defer { unlink(path) }
            let server = try makeServer(on: try Sockets.listen(path: path), Self.small)
            defer { server.stop() }
            let crowd = try join(100, .unix(path: path))
            let newcomer = try Client(.unix(path: path))
            newcomer.send(request())
            #expect(newcomer.readReply()?.text == "ok")
            #expect(eventually { !crowd[..<85].contains(where: isOpen) })
            #expect(eventually { server.connectionCount == 16 })
        }

        @Test func answersThatNobodyReadsMakeRoom() throws {
            let large = HTTPResponse(status: 200, body: [UInt8](repeating: 1, count: 8_000_000))
            try withServer(
                Self.small, handler: { .response($0.path == "/large" ? large : .text("ok")) }
            ) { _, endpoint in
                let crowd = try (0..<16).map { _ in
                    let client = try Client(endpoint, receiveBuffer: 4096)
                    client.send(request("GET", "/large"))
                    client.read { $0.count > 1000 }
                    return client
                }
                let newcomer = try Client(endpoint)
                newcomer.send(request())
                #expect(newcomer.readReply()?.text == "ok")
                crowd[0].readToEnd()
                #expect(crowd[0].received.count < 8_000_000)
            }
        }

        @Test func whoIsServedAgainAndAgainStays() throws {
            try withServer(Self.small) { _, endpoint in
                let regular = try Client(endpoint)
                var crowd: [Client] = []
                for _ in 0..<20 {
                    let others = try join(8, endpoint, sending: request())
                    #expect(others.allSatisfy { $0.readReply()?.text == "ok" })
                    crowd += others
                    regular.send(request())
                    #expect(regular.readReply()?.text == "ok")
                }
            }
        }

        @Test func whoWasServedLeavesBeforeWhoHasJustCome() throws {
            try withServer(Self.small) { _, endpoint in
                let newcomer = try Client(endpoint)
                var crowd: [Client] = []
                for _ in 0..<4 {
                    let others = try join(8, endpoint, sending: request())
                    #expect(others.allSatisfy { $0.readReply()?.text == "ok" })
                    crowd += others
                }
                newcomer.send(request())
                #expect(newcomer.readReply()?.text == "ok")
            }
        }

        /// A deferred request is suspended a turn after it was taken.
        @Test func whoHasAskedStaysAsLongAsWhoHasJustCome() throws {
            let (asked, connected) = (Mailbox<Void>(), Mailbox<Void>())
            try withServer(
                Self.small,
                handler: { _ in
                    asked.put(())
                    _ = connected.take()
                    return .deferred { $0.complete(.text("ok")) }
                }
            ) { server, endpoint in
                let silent = try join(15, endpoint)
                #expect(eventually { server.connectionCount == 15 })
                let client = try Client(endpoint)
                client.send(request())
                try #require(asked.take())
                let newcomer = try Client(endpoint)
                #expect(eventually { server.connectionCount == 17 })
                connected.put(())
                #expect(client.readReply()?.text == "ok")
                #expect(eventually { !isOpen(silent[0]) })
                #expect(isOpen(newcomer))
            }
        }

        @Test func deferredRequestsAndStreamsKeepTheirPlaces() throws {
            let promises = Mailbox<DeferredResponse>()
            let streams = Mailbox<ResponseStream>()
            try withServer(
                Self.small,
                handler: { request in
                    switch request.path {
                    case "/wait": .deferred { promises.put($0) }
                    case "/events": .stream(.events("first;")) { streams.put($0) }
                    default: .response(.text("ok"))
                    }
                }
            ) { server, endpoint in
                let waiters = try join(4, endpoint, sending: request("GET", "/wait"))
                let promised = try waiters.map { _ in try #require(promises.take()) }
                let readers = try join(4, endpoint, sending: request("GET", "/events"))
                let opened = try readers.map { _ in try #require(streams.take()) }
                let crowd = try join(100, endpoint)
                #expect(eventually { !crowd[..<92].contains(where: isOpen) })
                #expect(eventually { server.connectionCount == 16 })
                for promise in promised { promise.complete(.text("waited")) }
                #expect(waiters.allSatisfy { $0.readReply()?.text == "waited" })
                for stream in opened {
                    #expect(stream.send("last;"))
                    stream.finish()
                }
                for reader in readers { #expect(reader.readWholeStream() == "first;last;") }
            }
        }

        /// At the limit the library accepts nobody, so that no newcomer asks for room.
        @Test func whoIsAnsweredGivesBackThePlacesBeyond() throws {
            let promises = Mailbox<DeferredResponse>()
            try withServer(
                Self.small, handler: { $0.path == "/wait" ? .deferred { promises.put($0) } : .response(.text("ok")) }
            ) { server, endpoint in
                var (waiters, promised) = ([Client](), [DeferredResponse]())
                for _ in 0..<20 {
                    waiters += try join(1, endpoint, sending: request("GET", "/wait"))
                    promised.append(try #require(promises.take()))
                }
                #expect(server.connectionCount == 20)
                let newcomer = try Client(endpoint)
                newcomer.send(request())
                for promise in promised { promise.complete(.text("waited")) }
                #expect(newcomer.readReply()?.text == "ok")
                #expect(waiters.allSatisfy { $0.readReply()?.text == "waited" })
                #expect(eventually { server.connectionCount == 16 })
            }
        }

        /// Between the handler's answer that it waits and the suspension a newcomer may be accepted. Nobody would look
        /// for the client of one that is suspended when it is shut down already.
        @Test func whoMadeRoomIsNotSuspended() throws {
            let (asked, connected) = (Mailbox<Void>(), Mailbox<Void>())
            let promises = Mailbox<DeferredResponse>()
            let onePlace: @Sendable (inout HTTPServerConfiguration) -> Void = {
                Self.small(&$0)
                $0.connectionLimit = $0.headroom + 1
            }
            try withServer(
                onePlace,
                handler: { _ in
                    asked.put(())
                    _ = connected.take()
                    return .deferred { promises.put($0) }
                }
            ) { server, endpoint in
                let waiter = try Client(endpoint)
                waiter.send(request())
                try #require(asked.take())
                let newcomer = try Client(endpoint)
                #expect(eventually { server.connectionCount == 2 })
                connected.put(())
                waiter.readToEnd()
                #expect(waiter.received.isEmpty)
                #expect(eventually { server.connectionCount == 1 })
                #expect(promises.all.isEmpty)
                #expect(isOpen(newcomer))
            }
        }

        /// Nobody can be asked, and the last places are there to be taken.
        @Test func theHeadroomServes_whenAllOthersAreHeld() throws {
            let promises = Mailbox<DeferredResponse>()
            try withServer(
                Self.small, handler: { $0.path == "/wait" ? .deferred { promises.put($0) } : .response(.text("ok")) }
            ) { _, endpoint in
                let waiters = try join(16, endpoint, sending: request("GET", "/wait"))
                let promised = try waiters.map { _ in try #require(promises.take()) }
                for _ in 0..<10 {
                    let newcomer = try Client(endpoint)
                    newcomer.send(request())
                    #expect(newcomer.readReply()?.text == "ok")
                }
                for promise in promised { promise.complete(.text("waited")) }
                #expect(waiters.allSatisfy { $0.readReply()?.text == "waited" })
            }
        }
    }
}
