import EchoCore
import EventLoops
import Glibc
import TestSupport
import Testing
import Threads
import Wire

@testable import EchoServer

/// System calls that fail as they rarely do (docs/faults.md, section 2.1).
@Suite struct FaultTests {
    private static let shortages = [ENOBUFS, ENOMEM]
    private static let peers = [
        EPIPE, ECONNRESET, ECONNABORTED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN,
    ]
    private static let faults = [EIO, EINVAL, ENOTCONN, EPROTO, ENOSYS]
    private static let transfers = [FaultyKernel.Call.recv, .send]

    // MARK: A shortage passes

    @Test(arguments: transfers + [.shutdown], shortages)
    func shortageInADrain_isTriedAgain_andNothingIsLost(call: FaultyKernel.Call, code: Int32) throws {
        let kernel = FaultyKernel()
        try withServer(kernel: kernel) { server in
            let client = try server.connectServed()
            kernel.fail(call, with: [code, code, code])
            client.send("last\n")
            server.drain()
            #expect(client.readTextToEnd() == "LAST\n")
            #expect(client.end == .finished)
            client.close()
            let drain = try server.drained()
            #expect(drain.result == .clean)
            #expect(kernel.injected == 3)
        }
    }

    @Test func shortageThatLasts_endsWithTheDeadline_asLost() throws {
        let kernel = FaultyKernel()
        try withServer(.test(timeout: .milliseconds(500)), kernel: kernel) { server in
            let client = try server.connectServed()
            kernel.fail(.send, with: [Int32](repeating: ENOBUFS, count: 1_000))
            client.send("never\n")
            #expect(eventually { server.status.bytes.received == 12 })
            server.drain()
            let drain = try server.drained()
            #expect(drain.result == .lost && drain[.lostSent] == 6)
            #expect(server.closed[.forced] == 1)
            // 10 ms, doubling: not a spin.
            #expect(kernel.injected < 20)
        }
    }

    @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED, EPROTO, EPERM, EINTR, EHOSTUNREACH, EIO])
    func acceptFails_laterClientsAreServed(code: Int32) throws {
        let kernel = FaultyKernel()
        try withServer(kernel: kernel) { server in
            kernel.fail(.accept4, with: [code, code])
            _ = try server.connectServed()
            #expect(kernel.injected == 2)
        }
    }

    // MARK: The peer is gone

    @Test(arguments: transfers, peers)
    func peersError_endsAsReset(call: FaultyKernel.Call, code: Int32) throws {
        let kernel = FaultyKernel()
        try withServer(kernel: kernel) { server in
            let client = try server.connectServed()
            kernel.fail(call, with: [code])
            client.send("unheard\n")
            #expect(server.awaitsNobody())
            #expect(server.closed[.resetByPeer] == 1)
            // Those that were answered and not delivered.
            let abandoned = server.server.measure().counts[.abandonedByPeer]
            #expect(abandoned == (call == .send ? 8 : 0))
        }
    }

    // MARK: Our own fault

    @Test(arguments: transfers, faults)
    func unexpectedError_endsAsInternal_andLossesCount(call: FaultyKernel.Call, code: Int32) throws {
        let kernel = FaultyKernel()
        try withServer(kernel: kernel) { server in
            let client = try server.connectServed()
            kernel.fail(call, with: [code])
            client.send("lost\n")
            #expect(server.awaitsNobody())
            #expect(server.closed[.internalError] == 1)
            let counts = server.server.measure().counts
            #expect(counts[.lostSent] == (call == .send ? 5 : 0))
            #expect(counts[.lostReceived] == (call == .recv ? 5 : 0))
        }
    }

    @Test func unexpectedErrorInADrain_makesTheExitCodeThree_orTwoWithoutALoss() throws {
        for (text, code) in [("lost\n", ExitCode.lost), ("", .forced)] {
            let kernel = FaultyKernel()
            try withServer(kernel: kernel) { server in
                let client = try server.connectServed()
                // At the FIN nothing is lost; at the answer it is.
                kernel.fail(text.isEmpty ? .shutdown : .send, with: [EIO])
                server.drain(.exit, mode: text.isEmpty ? .close : .wait)
                client.send(text)
                #expect(eventually { server.status.exitCode == code.rawValue })
                #expect(server.closed[.internalError] == 1)
            }
        }
    }

    // MARK: Anything, in any order

    /// Interrupted calls, calls that come too early, short ones and shortages in between, through a whole life.
    @Test(arguments: [EchoMode.upper, .verbatim], 1...6 as ClosedRange<UInt64>)
    func callsFailInSeededOrder_nobodyNotices(mode: EchoMode, seed: UInt64) throws {
        let kernel = FaultyKernel(seed: seed)
        try withServer(.test(mode: mode), kernel: kernel) { server in
            var random = SeededGenerator(seed: seed)
            let clients = try (0..<4).map { _ in try server.connect() }
            var expected = [String](repeating: "", count: clients.count)
            for turn in 0..<40 {
                let index = Int(random.next() % UInt64(clients.count))
                let line = String(repeating: "ab", count: Int(random.next() % 900)) + "\(turn)\n"
                clients[index].send(line)
                expected[index] += mode == .upper ? line.uppercased() : line
                guard random.next() % 2 == 0 else { continue }
                #expect(clients[index].readText(expected[index].utf8.count) == expected[index])
                expected[index] = ""
            }
            server.drain()
            for (client, text) in zip(clients, expected) {
                #expect(client.readTextToEnd() == text)
                #expect(client.end == .finished)
                client.close()
            }
            #expect(try server.drained().result == .clean)
            #expect(kernel.injected > 20)
        }
    }
}
