internal import EventLoops

/// A client on its way from the accept queue to its shard.
struct Arrival: Sendable {
    let id: UInt64
    let socket: AcceptedSocket
    /// nil where the listener is bound to every interface: then only the socket knows.
    let local: SocketAddress?
    /// The connection limit was reached: FIN at once.
    let isRefused: Bool
}
