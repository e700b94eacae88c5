internal import CMicroHTTPD
internal import Glibc
internal import Threads

// The library's callbacks, on its polling thread: they only find the objects and pass the call on. They are functions
// at file scope because a closure written in an isolated context would trap there.
//
// Ownership: the first argument is the server's context, which the server keeps for the daemon's life. The socket
// context holds one reference to the connection, given at its start and taken back at its end; the request's pointer is
// a borrowed copy of it.

func libraryLogged(
    _ context: UnsafeMutableRawPointer?, _ format: UnsafePointer<CChar>?, _ arguments: CVaListPointer?
) {
    guard let format, let arguments, let context = serverContext(context) else { return }
    var buffer = [CChar](repeating: 0, count: 1024)
    let length = vsnprintf(&buffer, buffer.count, format, arguments)
    guard length > 0 else { return }
    let message = buffer.prefix(min(Int(length), buffer.count - 1)).map(UInt8.init(bitPattern:))
    context.log.record(message, now: .now)
}

func connectionChanged(
    _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?,
    _ socketContext: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ change: MHD_ConnectionNotificationCode
) {
    guard let context = serverContext(context), let handle, let socketContext else { return }
    switch change {
    case .CONNECTION_NOTIFY_STARTED:
        socketContext.pointee = Unmanaged.passRetained(context.connectionOpened(handle)).toOpaque()
    case .CONNECTION_NOTIFY_CLOSED:
        guard let pointer = socketContext.pointee else { return }
        socketContext.pointee = nil
        context.connectionClosed(Unmanaged<ServerConnection>.fromOpaque(pointer).takeRetainedValue())
    @unknown default:
        return
    }
}

/// The returned pointer becomes the request's. Because the request has one, the library announces the request's end.
func targetReceived(
    _ context: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>?, _ handle: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let context = serverContext(context), let handle else { return nil }
    let pointer = echod_mhd_socket_context(handle)
    guard let connection = serverConnection(pointer) else { return nil }
    context.targetReceived(target, on: connection)
    return pointer
}

/// The path is routed as it came; the library would decode it, NULs included.
func targetLeftEscaped(
    _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?, _ text: UnsafeMutablePointer<CChar>?
) -> Int {
    text.map { strlen($0) } ?? 0
}

func requestHandled(
    _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?, _ path: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?, _ upload: UnsafePointer<CChar>?,
    _ uploadSize: UnsafeMutablePointer<Int>?, _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context = serverContext(context), let connection = serverConnection(request?.pointee), let method,
        let version
    else { return .NO }
    // No body is ever accepted, so none can come here; if it does, the connection cannot be trusted.
    guard uploadSize?.pointee ?? 0 == 0 else { return .NO }
    return context.handle(connection, method: method, version: version) ? .YES : .NO
}

func requestCompleted(
    _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?,
    _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ reason: MHD_RequestTerminationCode
) {
    guard let context = serverContext(context), let connection = serverConnection(request?.pointee) else { return }
    request?.pointee = nil
    context.requestEnded(on: connection)
}

private func serverContext(_ pointer: UnsafeMutableRawPointer?) -> ServerContext? {
    pointer.map { Unmanaged<ServerContext>.fromOpaque($0).takeUnretainedValue() }
}

private func serverConnection(_ pointer: UnsafeMutableRawPointer?) -> ServerConnection? {
    pointer.map { Unmanaged<ServerConnection>.fromOpaque($0).takeUnretainedValue() }
}
