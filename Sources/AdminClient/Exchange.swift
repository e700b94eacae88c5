internal import Basics
internal import EchoCore
package import EventLoops

/// An answer and the server that gave it.
package struct AdminAnswer: Hashable, Sendable {
    package var http: HTTPAnswer
    package var peer: SocketAddress

    package init(http: HTTPAnswer, peer: SocketAddress) {
        self.http = http
        self.peer = peer
    }
}

/// One request and its answer on a connection of its own: connects to each address in turn, sends, reads to the end.
/// On the thread of its loop only.
///
/// async-http-client would bring SwiftNIO for three short requests: decision 0006.
package final class Exchange: ReadinessHandler {
    package typealias Outcome = Result<AdminAnswer, AdminClientError>

    /// For each address: a packet that is dropped on the way is sent again after one second and after three.
    package static let connectLimit = Duration.seconds(4)
    /// For an answer that nothing delays.
    package static let answerLimit = Duration.seconds(10)

    private final class Connection {
        let socket: Socket
        let address: SocketAddress
        var isConnected = false
        var request: [UInt8] = []
        var sent = 0
        var parser = HTTPResponseParser()

        init(_ socket: consuming Socket, _ address: SocketAddress) {
            self.socket = socket
            self.address = address
        }
    }

    private let request: AdminRequest
    private let target: AdminTarget
    private let limit: Duration
    private let loop: EventLoop
    private let buffer = ScratchBuffer(capacity: 65_536)
    private var completion: ((Outcome) -> Void)?
    private var untried: ArraySlice<SocketAddress>
    private var failures: [(SocketAddress, String)] = []
    private var connection: Connection?
    private var registration: Registration?

    /// Begins at once. `limit` is for the whole answer, counted from the moment of being connected. `completion` is
    /// called once, not before the next turn of the loop, unless `cancel` comes first.
    @discardableResult
    package init(
        _ request: AdminRequest, to target: AdminTarget, limit: Duration = answerLimit, on loop: EventLoop,
        completion: @escaping (Outcome) -> Void
    ) {
        self.request = request
        self.target = target
        self.limit = limit
        self.loop = loop
        self.completion = completion
        untried = target.candidates[...]
        loop.work(.prompt) {
            self.connectToNext()
            return true
        }
    }

    /// Abandons the request. The server may still do what it was asked.
    package func cancel() {
        completion = nil
        disconnect()
    }

    package func readinessChanged(_ readiness: Readiness) {
        guard let connection else { return }
        if !connection.isConnected {
            guard !readiness.isDisjoint(with: [.writable, .error, .hangUp]) else { return }
            let code = connection.socket.pendingError
            guard code == 0 else { return connectFailed(SystemCallError.text(of: code)) }
            connected(connection)
        }
        send(connection)
        receive(connection)
    }

    package func timerFired() {
        guard let connection else { return }
        guard connection.isConnected else {
            return connectFailed("no answer within \(Self.connectLimit.components.seconds) s")
        }
        finish(.failure(.timedOut(connection.address, after: limit, isMutation: request.isMutation)))
    }

    // MARK: Connecting

    private func connectToNext() {
        guard completion != nil else { return }
        while let address = untried.popFirst() {
            do throws(SystemCallError) {
                let connection = Connection(try Socket(connectingTo: address), address)
                let registration = try loop.register(self, descriptor: connection.socket.number)
                loop.setTimer(registration, at: loop.now + Self.connectLimit.inNanoseconds)
                self.connection = connection
                self.registration = registration
                return
            } catch {
                failures.append((address, SystemCallError.text(of: error.code)))
            }
        }
        finish(.failure(.unreachable(target, failures)))
    }

    private func connectFailed(_ reason: String) {
        if let connection { failures.append((connection.address, reason)) }
        disconnect()
        connectToNext()
    }

    private func connected(_ connection: Connection) {
        connection.isConnected = true
        connection.request = request.bytes(to: connection.address)
        // While the client waits for a drain's end, the server's host may vanish; Unix sockets have no such option and
        // no such need.
        try? connection.socket.keepAlive()
        if let registration { loop.setTimer(registration, at: loop.now + limit.inNanoseconds) }
    }

    // MARK: Request and answer

    private func send(_ connection: Connection) {
        while connection.sent < connection.request.count {
            switch connection.socket.send(connection.request, from: connection.sent) {
            case .bytes(let count): connection.sent += count
            case .wouldBlock: return
            // The server may have said something before it hung up, and that is worth reading.
            case .failed: connection.sent = connection.request.count
            }
        }
    }

    /// Limited, so that the loop looks at its timers and at signals however fast the server sends.
    private static let readsPerTurn = 16

    private func receive(_ connection: Connection) {
        do throws(HTTPFormatError) {
            for _ in 0..<Self.readsPerTurn {
                switch connection.socket.receive(into: buffer, atMost: buffer.capacity) {
                case .bytes(0): try connection.parser.endOfFile()
                case .bytes(let count): try connection.parser.consume(buffer[0..<count])
                case .wouldBlock: return
                case .failed(let call):
                    return finish(.failure(.lost(connection.address, SystemCallError.text(of: call.errno))))
                }
                if let answer = connection.parser.completeAnswer {
                    return finish(.success(AdminAnswer(http: answer, peer: connection.address)))
                }
            }
            if let registration { loop.callAgain(registration) }
        } catch {
            let address = connection.address
            finish(.failure(error.isTruncated ? .lost(address, error.description) : .malformed(address, "\(error)")))
        }
    }

    private func finish(_ outcome: Outcome) {
        let completion = self.completion
        self.completion = nil
        disconnect()
        completion?(outcome)
    }

    private func disconnect() {
        if let registration { loop.deregister(registration) }
        registration = nil
        connection = nil
    }
}
