internal import CMicroHTTPD
internal import Glibc

/// What the library's callbacks work on, for the daemon's whole life. All of it runs on the library's thread, apart
/// from the completion of deferred answers.
final class ServerContext: Sendable {
    let registry: ConnectionRegistry
    let watchdog: Watchdog
    let log: LibraryLog
    private let memoryLimit: Int
    private let acceptPolicy: (@Sendable () -> Bool)?
    private let handler: @Sendable (HTTPRequest) -> HTTPReply
    private let rejection: @Sendable (HTTPRejection) -> HTTPResponse

    init(
        configuration: HTTPServerConfiguration, handler: @escaping @Sendable (HTTPRequest) -> HTTPReply,
        rejection: @escaping @Sendable (HTTPRejection) -> HTTPResponse
    ) throws(HTTPServerError) {
        let watchdog = try Watchdog(linger: configuration.linger)
        self.watchdog = watchdog
        registry = ConnectionRegistry(configuration: configuration) { watchdog.wake() }
        log = LibraryLog(write: configuration.log)
        memoryLimit = configuration.memoryLimit
        acceptPolicy = configuration.acceptPolicy
        self.handler = handler
        self.rejection = rejection
    }

    func acceptsConnection() -> Bool {
        acceptPolicy?() ?? true
    }

    func connectionOpened(_ handle: OpaquePointer) -> ServerConnection {
        let connection = ServerConnection(handle: handle, descriptor: echod_mhd_descriptor(handle))
        registry.opened(connection, now: .now)
        return connection
    }

    func connectionClosed(_ connection: ServerConnection) {
        guard registry.closed(connection) else { return }
        watchdog.close(lingering: connection.descriptor, now: .now)
    }

    func targetReceived(_ target: UnsafePointer<CChar>?, on connection: ServerConnection) {
        let bytes = target.map(HeadReader.bytes(of:)) ?? []
        connection.request = .target(bytes, end: UInt(bitPattern: target) + UInt(bytes.count))
        registry.requestStarted(connection, now: .now)
        HeadReader.hideFromLibrary(connection.handle, target: target)
    }

    func requestEnded(on connection: ServerConnection) {
        connection.request = .none
        registry.requestEnded(connection, now: .now)
    }

    /// First call: the head, to be judged. Second: the request, to be answered or suspended. Third, after a
    /// suspension: the stored answer. False closes the connection without an answer.
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
                return refuse(connection, reason)
            }
        case .accepted(let request):
            connection.request = .dispatched
            registry.requestReceived(connection, now: .now)
            return dispatch(request, on: connection)
        case .dispatched:
            guard let response = registry.takeAnswer(of: connection) else { return true }
            return answer(connection, response)
        }
    }

    private func dispatch(_ request: HTTPRequest, on connection: ServerConnection) -> Bool {
        switch handler(request) {
        case .response(let response):
            return answer(connection, response)
        case .deferred(let begin):
            guard let number = registry.suspend(connection) else { return refuse(connection, .stopping) }
            let suspension = Suspension(context: self, connection: connection, number: number)
            begin(DeferredResponse { suspension.complete($0) })
            return true
        }
    }

    private func answer(_ connection: ServerConnection, _ response: HTTPResponse) -> Bool {
        if response.queue(on: connection.handle, closing: registry.isStopping) { return true }
        log.record(Array("answer with status \(response.status) is not valid HTTP".utf8), now: .now)
        return refuse(connection, .handlerFailed)
    }

    private func refuse(_ connection: ServerConnection, _ reason: HTTPRejection) -> Bool {
        answerText(reason).queue(on: connection.handle, closing: true)
    }

    func answerText(_ reason: HTTPRejection) -> HTTPResponse {
        var response = rejection(reason)
        let missing = reason.headers.filter { required in
            !response.headers.contains { $0.name.lowercased() == required.name.lowercased() }
        }
        response.headers += missing
        return response
    }
}

/// The one right to end a suspension. Dropped unused, it answers with a failure, since nobody else can.
///
/// The context is weak: whoever keeps promises is often kept by the handler, which the context keeps.
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
        guard let context, context.registry.isWaiting(connection, number) else { return }
        context.registry.complete(connection, number, with: context.answerText(.handlerFailed), now: .now)
    }

    func complete(_ response: HTTPResponse) {
        context?.registry.complete(connection, number, with: response, now: .now)
    }
}
