import EchoCore
import EventLoops
import Glibc
import TestSupport
import Testing
import Threads

@testable import EchoServer
import Wire

/// What comes while an undrain opens the listeners, and an undrain that cannot.
@Suite struct UndrainTests {
    /// What became of an undrain that was asked for; nil until it is answered.
    private static func undrain(_ server: TestServer) -> Lock<UndrainReply?> {
        let answer = Lock<UndrainReply?>(nil)
        server.server.requestUndrain { reply, _ in answer.withLock { $0 = reply } }
        return answer
    }

    /// What the waiter for a drain was told, and which drain its status shows.
    private static func await(_ id: Int, _ server: TestServer) -> Lock<(outcome: DrainWaitOutcome, drain: Int?)?> {
        let told = Lock<(outcome: DrainWaitOutcome, drain: Int?)?>(nil)
        let waiter = server.server.awaitDrain(id: id, .drained, limit: nil) { outcome, status in
            told.withLock { $0 = (outcome, status.drain?.id) }
        }
        #expect(waiter != nil)
        return told
    }

    private static func listen(on endpoint: Endpoint) throws -> ListeningSocket {
        guard case .ipv4(let port) = endpoint else { throw SystemCallError(call: "bind", code: EINVAL) }
        return try ListeningSocket(.ipv4(0x7f00_0001, port: port))
    }

    @Test func requestDuringAnUndrain_isTheNextDrain() throws {
        try withServer { server in
            server.drain()
            #expect(server.awaits(.drained))
            let goOn = server.block(server.control)
            let undrained = Self.undrain(server)
            let reply = server.drain(timeout: .seconds(7))
            #expect(reply.outcome == .started && reply.status.state == .drained)
            let coming = try #require(reply.status.drain)
            #expect((coming.id, coming.timeout, coming.result) == (2, .seconds(7), nil))
            #expect(server.drain().outcome == .joined)
            #expect(server.status.drain?.id == 1)
            let told = Self.await(2, server)
            #expect(undrained.withLock { $0 } == nil && told.withLock { $0 } == nil)
            goOn.open()
            #expect(eventually { told.withLock { $0?.outcome == .over(.clean) && $0?.drain == 2 } })
            #expect(undrained.withLock { $0 } == .serving)
            #expect(server.status.drain?.id == 2 && server.server.measure().drains[.clean] == 2)
        }
    }

    @Test func secondUndrain_takesTheRequestBack() throws {
        try withServer { server in
            let client = try server.connectServed()
            client.send("abc")
            #expect(eventually { server.status.bytes.received == 9 })
            server.drain()
            #expect(server.awaitsMark())
            let goOn = server.block(server.control)
            let first = Self.undrain(server)
            server.drain(.exit)
            let told = Self.await(2, server)
            let second = Self.undrain(server)
            goOn.open()
            #expect(eventually { told.withLock { $0?.outcome == .over(.undrained) && $0?.drain == 1 } })
            #expect(eventually { first.withLock { $0 } == .serving && second.withLock { $0 } == .serving })
            #expect(server.status.state == .serving)
            client.send("d\n")
            #expect(client.readText(5) == "ABCD\n")
        }
    }

    @Test func undrainThatFails_letsTheRequestJoin() throws {
        try withServer { server in
            server.drain()
            #expect(server.awaits(.drained))
            let thief = try Self.listen(on: server.endpoint())
            let goOn = server.block(server.control)
            let undrained = Self.undrain(server)
            #expect(server.drain().status.drain?.id == 2)
            let told = Self.await(2, server)
            goOn.open()
            #expect(eventually { undrained.withLock { $0 } == .failed })
            #expect(eventually { told.withLock { $0?.outcome == .over(.clean) && $0?.drain == 1 } })
            #expect(server.status.state == .drained && server.status.drain?.id == 1)
            // One that comes late with the number that was answered waits for the same.
            #expect(Self.await(2, server).withLock { $0?.outcome } == .over(.clean))
            _ = consume thief
        }
    }

    /// No listener is opened before every address is bound.
    @Test func undrainThatFails_letsNoClientIn() throws {
        var configuration = ServerConfiguration.test()
        configuration.listeners = [.loopback, .loopback]
        try withServer(configuration) { server in
            let (first, second) = try (server.endpoint(0), server.endpoint(1))
            server.drain()
            #expect(server.awaits(.drained))
            let thief = try Self.listen(on: second)
            let isOver = Lock(false)
            let connected = Lock(0)
            let thread = try JoinableThread(name: "connector") {
                while !isOver.withLock({ $0 }) {
                    if (try? TestClient(first)) != nil { connected.withLock { $0 += 1 } }
                }
            }
            for _ in 0..<300 {
                let undrained = Self.undrain(server)
                #expect(eventually { undrained.withLock { $0 } == .failed })
            }
            isOver.withLock { $0 = true }
            thread.join()
            #expect(connected.withLock { $0 } == 0)
            _ = consume thief
            let undrained = Self.undrain(server)
            #expect(eventually { undrained.withLock { $0 } == .serving })
            for index in 0..<2 { #expect((try? TestClient(server.endpoint(index))) != nil) }
        }
    }

    /// A storm of drains and undrains: each undrain succeeds, and listeners do not pile up.
    @Test func undrains_waitWhenTooManyListenersRetire() throws {
        try withServer(.test(acceptLinger: .seconds(1))) { server in
            guard case .ipv4(let port) = try server.endpoint() else { preconditionFailure("a test server has IPv4") }
            var most = 0
            for _ in 0..<20 {
                server.drain(timeout: .seconds(10))
                let undrained = Self.undrain(server)
                #expect(
                    eventually {
                        most = max(most, Self.listeners(on: port))
                        return undrained.withLock { $0 } == .serving
                    })
            }
            #expect(most <= 10)
            _ = try server.connectServed()
        }
    }

    /// In the kernel's table, `0A` being LISTEN.
    private static func listeners(on port: UInt16) -> Int {
        guard let file = fopen("/proc/net/tcp", "r") else { return -1 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 512)
        var count = 0
        let hex = String(port, radix: 16, uppercase: true)
        let address = ":" + String(repeating: "0", count: 4 - hex.count) + hex + " "
        while fgets(&line, 512, file) != nil {
            let text = line.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } } ?? ""
            if text.contains(address) && text.contains(" 0A ") { count += 1 }
        }
        return count
    }
}
