import Basics
import EventLoops
import Glibc
import Logging
import TestSupport
import Testing
import Threads
import Wire

@testable import EchoCore
@testable import EchoServer

/// A running server with its loops, wired as `Sources/echod/Service.swift` does it.
struct TestServer {
    let server: Server
    let control: EventLoop
    let loops: [EventLoop]

    var status: ServiceStatus { server.status() }

    /// Where the first listener was bound.
    func endpoint(_ index: Int = 0) throws -> Endpoint {
        try #require(Endpoint(status.listen[index]))
    }

    func connect(receiveBuffer: Int32? = nil) throws -> TestClient {
        try TestClient(endpoint(), receiveBuffer: receiveBuffer)
    }

    /// With the kernel's queues as of now.
    func sample() throws -> ServiceStatus {
        try answer { server.sampleStatus($0) }
    }

    func page(_ query: ConnectionQuery = ConnectionQuery()) throws -> ConnectionPage {
        let answered: ConnectionPage.Maker? = try answer { server.connections(query, $0) }
        let makePage = try #require(answered)
        return makePage()
    }

    func connection(_ id: UInt64) throws -> ConnectionInfo? {
        let found: ConnectionLookup = try answer { server.connection(id: id, $0) }
        guard case .found(let info) = found else { return nil }
        return info
    }

    /// Sends copies of `block` until the server cannot write and therefore does not read; how many bytes that took, all
    /// of which have been received by the server or its kernel.
    ///
    /// Rows, unlike samples of the status, are always of a turn of the loop.
    func fill(_ client: TestClient, with block: [UInt8]) throws -> Int {
        let copies = [[UInt8]](repeating: block, count: 1 + 32_768 / block.count).flatMap { $0 }
        var sent = 0
        while true {
            client.send(copies)
            sent += copies.count
            #expect(eventually { client.unacknowledged == 0 })
            if let before = try stand(of: client), before.unread > 0,
                remains(100, { (try? stand(of: client)) == before })
            {
                return sent
            }
        }
    }

    /// Where a client's bytes are; nil before its loop has it.
    func stand(of client: TestClient) throws -> ByteStand? {
        try page(ConnectionQuery(peer: PeerPattern(client.name))).connections.first.map {
            ByteStand(received: $0.received, sent: $0.sent, unread: $0.unread, unacked: $0.unacked)
        }
    }

    /// Waits for the one call of a completion.
    func answer<Value: Sendable>(_ ask: (@escaping @Sendable (Value) -> Void) -> Void) throws -> Value {
        let box = Lock<Value?>(nil)
        ask { value in box.withLock { $0 = value } }
        #expect(eventually { box.withLock { $0 != nil } })
        return try #require(box.withLock { $0 })
    }

    func awaits(_ state: ServiceState) -> Bool { eventually { status.state == state } }

    /// All that were accepted so far have ended.
    func awaitsNobody() -> Bool { eventually { status.connections.active == 0 } }

    /// `count` connections are being served.
    func awaitsActive(_ count: Int) -> Bool { eventually { status.connections.active == count } }

    @discardableResult
    func drain(
        _ intent: DrainIntent = .hold, mode: DrainMode? = nil, delay: Duration? = nil, timeout: Duration? = nil
    ) -> DrainReply {
        server.requestDrain(DrainRequest(intent: intent, mode: mode, delay: delay, timeout: timeout))
    }

    /// The drain has ended; its figures.
    func drained() throws -> ServiceStatus.Drain {
        #expect(awaits(.drained))
        return try #require(status.drain)
    }

    /// Keeps a loop from turning until the latch is opened; returns when it has stopped.
    func block(_ loop: EventLoop) -> Latch {
        let isBlocked = Latch()
        let goOn = Latch()
        loop.post {
            isBlocked.open()
            goOn.wait()
        }
        isBlocked.wait()
        return goOn
    }
}

struct ByteStand: Hashable {
    var received, sent: UInt64
    var unread, unacked: Int
}

extension ServerConfiguration {
    /// On a free port of 127.0.0.1, with the times short that tests wait for. One in which a client has something to do
    /// must be long: a busy machine may keep the client for a second.
    static func test(
        mode: EchoMode = .upper, acceptLinger: Duration = .milliseconds(20),
        linger: Duration = .milliseconds(200), timeout: Duration = .seconds(10)
    ) -> ServerConfiguration {
        ServerConfiguration(
            listeners: [.loopback], mode: mode, linger: linger,
            drain: DrainDefaults(timeout: timeout, acceptLinger: acceptLinger))
    }
}

extension ResolvedAddress {
    static let loopback = ResolvedAddress(name: "127.0.0.1:0", candidates: [.ipv4(0x7f00_0001, port: 0)])
}

/// Serves while `body` runs, and is then drained and joined whatever happened. In the end every accepted connection
/// must have ended for a reason.
///
/// `kernel`: what its loops talk to; nil: the kernel itself.
func withServer<Result>(
    _ configuration: ServerConfiguration = .test(), loops loopCount: Int = 1,
    kernel: (any KernelCalls & Sendable)? = nil, _ body: (TestServer) throws -> Result
) throws -> Result {
    let control = try EventLoop(name: "test-control")
    let loops = try (0..<loopCount).map { try EventLoop(name: "test-loop-\($0)") }
    let exiting = Latch()
    let wasHurried = Lock(false)
    let server = Server(
        configuration, control: control, loops: loops, processID: Int(getpid()),
        log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        ending: .init(
            orderly: { _ in exiting.open() },
            immediate: { _, _ in
                wasHurried.withLock { $0 = true }
                exiting.open()
            }))
    if let kernel { for loop in loops + [control] { loop.post { KernelStandIn.ofThisThread = kernel } } }
    let thread = try JoinableThread(name: control.name) { control.run() }
    var outcome: Swift.Result<Result, any Error>?
    try withRunningLoops(loops, run: { server.run($0) }) {
        server.open()
        let isOpen = eventually { server.status().state != .starting }
        #expect(isOpen)
        outcome = Swift.Result { try body(TestServer(server: server, control: control, loops: loops)) }
        _ = server.requestDrain(DrainRequest(intent: .exit, timeout: .milliseconds(500)))
        exiting.wait()
        server.finish()
    }
    control.post { control.stop() }
    thread.join()
    #expect(!wasHurried.withLock { $0 })
    let connections = server.status().connections
    #expect(connections.active == 0)
    #expect(connections.closed.total == connections.accepted)
    return try #require(outcome).get()
}

// MARK: Drains

extension TestServer {
    /// The connections are being closed: the mark has been sent to every loop.
    func awaitsMark() -> Bool {
        let isMarked = eventually {
            server.lifecycle.state.withLock { state in
                guard case .draining(_, let draining) = state.machine.stage else { return false }
                guard case .closing = draining.phase else { return false }
                return state.pending.isEmpty
            }
        }
        goRound(control)
        return isMarked
    }

    /// Returns when the loop has done all that was posted to it.
    func goRound(_ loop: EventLoop) {
        let isRound = Latch()
        loop.post { isRound.open() }
        isRound.wait()
    }

    /// Waits until this many connections wait for it.
    func awaitsBlocker(_ blocker: Blocker, _ count: Int = 1) -> Bool {
        eventually { (try? sample())?.drain?.blockedOn == [blocker: count] }
    }

    /// A client that has got an answer.
    func connectServed() throws -> TestClient {
        let client = try connect()
        client.send("hello\n")
        #expect(client.read(6).count == 6)
        return client
    }

    var closed: Counts<CloseReason> { status.connections.closed }
}
