import Glibc
import Testing

@testable import MicroHTTPD

extension LiveServerTests {
    /// More clients of one address than it has a share of, on a server with room for all of them.
    @Suite struct CrowdedAddressTests {
        private static let limits: @Sendable (inout HTTPServerConfiguration) -> Void = {
            $0.perAddressLimit = 8
            $0.inactivityTimeout = .seconds(60)
            $0.requestDeadline = .seconds(60)
            $0.responseDeadline = .seconds(60)
        }

        /// The dual-stack socket sees 127.0.0.1 mapped into IPv6; ::1 is another address.
        @Test func itsOldestMakeRoom_andNobodyElse() throws {
            let log = Mailbox<String>()
            let (descriptor, port) = try Sockets.listenDualStack()
            let server = try makeServer(on: descriptor) {
                Self.limits(&$0)
                $0.log = { log.put($0) }
            }
            defer { server.stop() }
            let others = try join(8, .ipv6(port: port))
            let crowd = try join(100, .ipv4(port: port))
            let newcomer = try Client(.ipv4(port: port))
            newcomer.send(request())
            #expect(newcomer.readReply()?.text == "ok")
            #expect(eventually { !crowd[..<93].contains(where: isOpen) })
            #expect(eventually { server.connectionCount == 16 })
            #expect(crowd[93...].allSatisfy(isOpen))
            #expect(others.allSatisfy(isOpen))
            #expect(log.take() == "crowded by 127.0.0.1: closed its connection that had waited longest for its client")
        }

        @Test func whatIsHeldStays_andTheOthersTakeTurns() throws {
            let promises = Mailbox<DeferredResponse>()
            try withServer(
                Self.limits, handler: { $0.path == "/wait" ? .deferred { promises.put($0) } : .response(.text("ok")) }
            ) { server, endpoint in
                let waiters = try join(8, endpoint, sending: request("GET", "/wait"))
                let promised = try waiters.map { _ in try #require(promises.take()) }
                var newcomers: [Client] = []
                for _ in 0..<10 {
                    newcomers += try join(1, endpoint, sending: request())
                    #expect(newcomers.last?.readReply()?.text == "ok")
                }
                #expect(eventually { !newcomers[..<9].contains(where: isOpen) })
                #expect(newcomers.suffix(1).allSatisfy(isOpen))
                #expect(eventually { server.connectionCount == 9 })
                for promise in promised { promise.complete(.text("waited")) }
                #expect(waiters.allSatisfy { $0.readReply()?.text == "waited" })
            }
        }

        /// An address within its share is not asked, and room made at an address is room in the server, too.
        @Test func aCrowdedServerEndsOneForEachNewcomer() throws {
            let (descriptor, port) = try Sockets.listenDualStack()
            let server = try makeServer(on: descriptor) {
                Self.limits(&$0)
                $0.connectionLimit = 20
                $0.headroom = 4
            }
            defer { server.stop() }
            let others = try join(8, .ipv6(port: port))
            let crowd = try join(100, .ipv4(port: port))
            #expect(eventually { !crowd[..<92].contains(where: isOpen) })
            #expect(eventually { server.connectionCount == 16 })
            #expect((others + crowd[92...]).allSatisfy(isOpen))
        }

        @Test func unixClientsHaveNoAddress() throws {
            let path = "/tmp/mhd-crowded-address-\(getpid()).sock"
            defer { unlink(path) }
            let server = try makeServer(on: try Sockets.listen(path: path), Self.limits)
            defer { server.stop() }
            let clients = try join(40, .unix(path: path), sending: request())
            #expect(clients.allSatisfy { $0.readReply()?.text == "ok" })
            #expect(clients.allSatisfy(isOpen))
            #expect(server.connectionCount == 40)
        }
    }
}
