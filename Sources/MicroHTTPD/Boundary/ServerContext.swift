internal import Basics
internal import CMicroHTTPD
internal import Glibc
internal import Threads

/// What the library's callbacks work on, for the daemon's whole life. All of it runs on the library's thread, apart
/// from the completion of deferred answers.
final class ServerContext: Sendable {
    let connections: OpenConnections
    let reaper: Reaper
    let log: LibraryLog
    private let memoryLimit: Int
    private let handler: @Sendable (HTTPRequest) -> HTTPReply
    private let rejection: @Sendable (HTTPRejection, String?) -> HTTPResponse

    init(
        configuration: HTTPServerConfiguration, isUnix: Bool,
        handler: @escaping @Sendable (HTTPRequest) -> HTTPReply,
        rejection: @escaping @Sendable (HTTPRejection, String?) -> HTTPResponse
    ) throws(HTTPServerError) {
        let reaper = try Reaper(linger: configuration.linger, atMost: configuration.lingeringLimit)
        self.reaper = reaper
        connections = OpenConnections(configuration: configuration) { reaper.wake() }
        log = LibraryLog(isUnix: isUnix, write: configuration.log)
        memoryLimit = configuration.memoryLimit
        self.handler = handler
        self.rejection = rejection
    }

    func connectionOpened(_ handle: OpaquePointer) -> ServerConnection {
        let now = MonotonicTime.now
        let connection = ServerConnection(handle: handle, descriptor: echod_mhd_descriptor(handle))
        if let crowding = connections.opened(connection, now: now) { tell(crowding, by: connection.peer, now: now) }
        return connection
    }

    private func tell(_ crowding: Crowding.Extent, by peer: HTTPPeer?, now: MonotonicTime) {
        let message =
            if crowding == .address, case .network(let address) = peer {
                "crowded by \(address): closed its connection that had waited longest for its client"
            } else {
                "crowded: closed the connection that had waited longest for its client"
            }
        log.record(Array(message.utf8), now: now)
    }

    func connectionClosed(_ connection: ServerConnection) {
        guard connections.closed(connection) else { return }
        reaper.close(lingering: connection.descriptor, now: .now)
    }

    func targetReceived(_ target: UnsafePointer<CChar>?, on connection: ServerConnection) {
        let bytes = target.map(HeadReader.bytes(of:)) ?? []
        connection.request = .target(bytes, end: UInt(bitPattern: target) + UInt(bytes.count))
        connections.requestStarted(connection, now: .now)
        HeadReader.hideFromLibrary(connection.handle, target: target)
    }

    func requestEnded(on connection: ServerConnection) {
        connection.request = .none
        connections.requestEnded(connection, now: .now)
    }

    /// First call: the head, to be judged. Second: the request, to be answered or deferred. Third, if deferred, at
    /// once: the suspension. Fourth, when that is over: the stored answer. False closes the connection without an
    /// answer.
    ///
    /// If a connection were suspended in the second call, the library would still want to read from it, and would do
    /// that first when the connection is resumed: it would take a client that has shut down its sending side for one
    /// that is gone. After a call without an answer the library waits for nothing, and makes the next call at once.
    func handle(_ connection: ServerConnection, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>) -> Bool {
        switch connection.request {
        case .none: return false
        case .target(let target, let end):
            guard let peer = connection.peer else { return false }
            let head = HeadReader.read(
                connection.handle, method: method, version: version, target: target, targetEnd: end)
            switch InputPolicy.judge(head, from: peer, memoryLimit: memoryLimit) {
            case .accepted(let request):
                connection.request = .accepted(request)
                return true
            case .rejected(let reason):
                return refuse(connection, reason, path: head.path)
            }
        case .accepted(let request):
            connection.request = .dispatched
            connections.requestReceived(connection, now: .now)
            return dispatch(request, on: connection)
        case .deferred(let begin):
            connection.request = .dispatched
            return suspend(connection, begin)
        case .dispatched:
            if let make = connections.takeAnswer(of: connection) { return answer(connection, make()) }
            return !connections.isAbandoned(connection)
        }
    }

    private func dispatch(_ request: HTTPRequest, on connection: ServerConnection) -> Bool {
        switch handler(request) {
        case .response(let response):
            return answer(connection, response)
        case .deferred(let begin):
            connection.request = .deferred(begin)
            return true
        case .stream(let response, let begin):
            return stream(response, begin, on: connection, isHead: request.method == .head)
        }
    }

    private func suspend(_ connection: ServerConnection, _ begin: @Sendable (DeferredResponse) -> Void) -> Bool {
        guard let number = connections.suspend(connection, now: .now) else { return refuse(connection, .stopping) }
        let suspension = Suspension(context: self, connection: connection, number: number)
        begin(DeferredResponse(watch: { suspension.onDisconnect($0) }, deliver: { suspension.complete($0) }))
        return true
    }

    private func stream(
        _ response: HTTPResponse, _ begin: @Sendable (ResponseStream) -> Void, on connection: ServerConnection,
        isHead: Bool
    ) -> Bool {
        guard !connections.isStopping else { return refuse(connection, .stopping) }
        // The library would send the last chunk of an answer without length even for HEAD; and the body must not be
        // sent.
        guard !isHead else {
            return answer(connection, HTTPResponse(status: response.status, headers: response.headers))
        }
        let reader = StreamReader(connection, of: connections)
        guard response.queue(reader, on: connection.handle) else { return refuseInvalid(connection, response) }
        connections.opened(reader, first: response.body)
        begin(ResponseStream(ConnectionSink(context: self, reader: reader)))
        return true
    }

    private func answer(_ connection: ServerConnection, _ response: HTTPResponse) -> Bool {
        response.queue(on: connection.handle, closing: connections.isStopping) || refuseInvalid(connection, response)
    }

    private func refuseInvalid(_ connection: ServerConnection, _ response: HTTPResponse) -> Bool {
        log.record(Array("answer with status \(response.status) is not valid HTTP".utf8), now: .now)
        return refuse(connection, .handlerFailed)
    }

    private func refuse(_ connection: ServerConnection, _ reason: HTTPRejection, path: String? = nil) -> Bool {
        answerText(reason, path: path).queue(on: connection.handle, closing: true)
    }

    /// `path`: what the request asked for, where that is known.
    func answerText(_ reason: HTTPRejection, path: String?) -> HTTPResponse {
        var response = rejection(reason, path)
        let missing = reason.headers.filter { required in
            !response.headers.contains { $0.name.lowercased() == required.name.lowercased() }
        }
        response.headers += missing
        return response
    }
}

/// The only right to end a suspension. If it is dropped unused, it answers with a failure, since nothing else can.
///
/// The context is weak: the handler often keeps the object that holds the promises, and the context keeps the handler.
private final class Suspension: Sendable {
    private weak let context: ServerContext?
    private let connection: ServerConnection
    private let number: UInt64

    init(context: ServerContext, connection: ServerConnection, number: UInt64) {
        self.context = context
        self.connection = connection
        self.number = number
    }

    deinit {
        guard let context, context.connections.isWaiting(connection, number) else { return }
        let answer = context.answerText(.handlerFailed, path: nil)
        context.connections.complete(connection, number, with: { answer }, now: .now)
    }

    func onDisconnect(_ body: @escaping @Sendable () -> Void) {
        context?.connections.onDisconnect(of: connection, number, body)
    }

    func complete(_ make: @escaping DeferredResponse.Maker) {
        context?.connections.complete(connection, number, with: make, now: .now)
    }
}
