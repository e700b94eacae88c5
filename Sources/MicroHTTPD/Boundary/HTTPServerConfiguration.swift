/// The limits of one server. The defaults are those of a control plane: few clients, small requests, none of them
/// able to hold a connection for long.
package struct HTTPServerConfiguration: Sendable {
    /// At the limit the server stops accepting; later clients wait in the accept queue. At most 3,000: the library's
    /// own limit must never be reached.
    package var connectionLimit = 128
    /// How many closed connections are kept for `linger` at a time; beyond this, a connection is closed without waiting
    /// for its peer.
    package var lingeringLimit = 32
    /// When a new connection leaves fewer places than this, the one that has waited longest for its client is shut
    /// down. Deferred requests and streams are spared. Below `connectionLimit`; 0: no client makes room.
    package var headroom = 16
    /// When a network address opens more connections than this, the one of them that has waited longest for its client
    /// is shut down; deferred requests and streams take a place and are spared. IPv6 addresses are compared whole: a
    /// /64 may be a whole network, and a client that hops through one meets `headroom`. Unix clients have no address.
    package var perAddressLimit = 48
    /// A connection on which nothing moves for this long is closed, an idle kept-alive one included. Rounded up to a
    /// second. A deferred request is exempt.
    package var inactivityTimeout = Duration.seconds(5)
    /// From the accept, or from the first line of a later request, to the end of the request's head, however the client
    /// spreads its bytes. A kept-alive connection has the inactivity time-out on top for the line itself.
    package var requestDeadline = Duration.seconds(10)
    /// From the end of the request, or the completion of a deferred one, to the last byte handed to the kernel.
    package var responseDeadline = Duration.seconds(10)
    /// How long the client's unread bytes are discarded after we closed our side and before the connection is closed.
    /// Closing with unread input would destroy the answer on its way.
    package var linger = Duration.seconds(1)
    /// How long the answers that are given when the grace period of a stop is over may take to leave.
    package var lastAnswers = Duration.milliseconds(100)
    /// Bytes a connection may use; it bounds the head of a request.
    package var memoryLimit = 32 * 1024
    /// Gets the library's own messages and, when the server is crowded, one from the server: without line end, in
    /// printable ASCII, at most a burst of ten and one a second. Called on any thread of the server; it must not call
    /// into the server.
    package var log: @Sendable (String) -> Void

    /// Descriptors that one server may hold, including its listening socket and its internal ones: how many to reserve
    /// for it.
    package var descriptorLimit: Int { connectionLimit + lingeringLimit + Self.ownDescriptors }

    /// The listening socket, the library's wake-up pair, the reaper's eventfd, and two to spare.
    package static let ownDescriptors = 6

    package init(log: @escaping @Sendable (String) -> Void = { _ in }) {
        self.log = log
    }
}

/// Why a server could not be started.
package struct HTTPServerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call that failed.
    package var call: String
    /// Its errno; 0 if the library gives none, and then the log says more.
    package var errno: Int32

    package var description: String {
        errno == 0 ? "\(call) failed" : "\(call) failed with errno \(errno)"
    }
}
