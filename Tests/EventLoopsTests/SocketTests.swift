import Glibc
import TestSupport
import Testing

@testable import EventLoops

/// What a connected socket says about its queues and its peer.
@Suite struct SocketTests {
    /// A server's socket, until it is closed, and its client.
    private final class Link {
        var socket: Socket?
        let client: TestClient

        init() throws {
            let listener = try ListeningSocket(.ipv4(0x7f00_0001, port: 0))
            client = try TestClient(#require(Endpoint(listener.address.description)), receiveBuffer: 4_096)
            guard case .accepted(let accepted) = listener.accept() else { throw SocketError("accept") }
            socket = Socket(owning: accepted.number)
        }

        var unread: Int { socket?.unreadBytes ?? -1 }
        var unacknowledged: Int { socket?.unacknowledgedBytes ?? -1 }
        var readiness: Readiness { socket?.readiness ?? [] }
    }

    @Test func unreadBytes_areThoseReceivedAndNotRead() throws {
        let link = try Link()
        #expect(link.unread == 0)
        link.client.send([UInt8](repeating: 1, count: 1_000))
        #expect(link.unread == 1_000)
        let buffer = ScratchBuffer(capacity: 600)
        #expect(link.socket?.receive(into: buffer, atMost: 600, peek: true) == .bytes(600))
        #expect(link.unread == 1_000)
        #expect(link.socket?.receive(into: buffer, atMost: 600) == .bytes(600))
        #expect(link.unread == 400)
        #expect(buffer[0..<3] == [1, 1, 1])
        #expect(link.socket?.receive(into: buffer, atMost: 600) == .bytes(400))
        #expect(link.socket?.receive(into: buffer, atMost: 600) == .wouldBlock)
    }

    @Test func unacknowledgedBytes_countWhatThePeersWindowKeepsBackAndTheFIN() throws {
        let link = try Link()
        let block = [UInt8](repeating: 2, count: 100_000)
        guard case .bytes(let count) = link.socket?.send(block) else {
            Issue.record("the kernel took nothing")
            return
        }
        #expect(eventually { link.unacknowledged > 0 && link.unacknowledged < count })
        let waiting = link.unacknowledged
        _ = link.socket?.shutdownWriting()
        #expect(link.unacknowledged == waiting + 1)
        #expect(link.client.readToEnd().count == count)
        #expect(eventually { link.unacknowledged == 0 })
    }

    @Test func send_whenTheQueueIsFull_wouldBlock() throws {
        let link = try Link()
        let block = [UInt8](repeating: 2, count: 1 << 20)
        while case .bytes = link.socket?.send(block) {}
        #expect(link.socket?.send(block) == .wouldBlock)
        #expect(!link.readiness.contains(.writable))
        #expect(link.client.read(1_000).count == 1_000)
    }

    @Test func readiness_followsThePeer() throws {
        let link = try Link()
        #expect(link.readiness == .writable)
        link.client.send([1])
        #expect(eventually { link.readiness == [.readable, .writable] })
        link.client.finishSending()
        #expect(eventually { link.readiness.contains(.peerShutdown) })
        #expect(!link.readiness.contains(.hangUp))
        link.client.reset()
        #expect(eventually { link.readiness.isSuperset(of: [.hangUp, .error]) })
    }

    @Test func endOfFile_isZeroBytes() throws {
        let link = try Link()
        link.client.close()
        #expect(eventually { link.socket?.receive(into: ScratchBuffer(capacity: 1), atMost: 1) == .bytes(0) })
    }

    @Test func peersReset_isAnErrorOnceAndNoSignal() throws {
        let link = try Link()
        link.client.reset()
        #expect(eventually { link.readiness.contains(.error) })
        #expect(link.socket?.pendingError == ECONNRESET)
        #expect(link.socket?.pendingError == 0)
        #expect(link.socket?.send([1]) == .failed(FailedCall(errno: EPIPE)))
    }

    @Test func resetOnClose_throwsAwayWhatWaits() throws {
        let link = try Link()
        #expect(link.socket?.send([1, 2, 3]) == .bytes(3))
        link.socket?.setResetOnClose()
        _ = link.socket.take()
        #expect(link.client.readToEnd() == [1, 2, 3])
        #expect(link.client.end == .reset)
    }

    @Test func sinceAcknowledgement_growsFromTheLastBytesTaken() throws {
        let link = try Link()
        #expect(link.socket?.send([1]) == .bytes(1))
        #expect(link.client.read(1) == [1])
        #expect(eventually { link.unacknowledged == 0 })
        let start = monotonicNanoseconds()
        #expect(eventually { (link.socket?.sinceAcknowledgement ?? 0) > 100_000_000 })
        // Never more than has passed.
        #expect(monotonicNanoseconds() - start > 90_000_000)
        #expect(try SocketPair().mine.sinceAcknowledgement == nil)
    }

    @Test func error_namesTheCallAndItsReason() throws {
        let error = SystemCallError(call: "bind", code: EADDRINUSE)
        #expect(error.description == "bind: Address already in use")
        #expect(error.isAddressInUse)
    }
}
