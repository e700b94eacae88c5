internal import CLinux
internal import Glibc

/// Options of accepted sockets. On Linux they inherit them from the listener, so that accepting costs one call.
package struct AcceptedSocketOptions: Hashable, Sendable {
    /// Seconds until the first keepalive probe and between probes, and how many probes go unanswered before the
    /// connection ends.
    package var keepaliveIdle: Int32 = 15
    package var keepaliveInterval: Int32 = 5
    package var keepaliveProbes: Int32 = 3

    package init() {}
}

/// One client taken from the accept queue. The `Socket` that is made from the number owns the descriptor.
package struct AcceptedSocket: Sendable {
    package let number: Int32
    package let peer: SocketAddress
}

package enum AcceptOutcome: Sendable {
    case accepted(AcceptedSocket)
    /// The queue is empty.
    case wouldBlock
    /// The client has gone away: go on.
    case clientGone(errno: Int32)
    /// No descriptor or memory is left, or the error is unexpected: pause.
    case failed(FailedCall)
    /// The listener takes no more (shut down).
    case closed
}

/// A socket that listens, or is bound and about to listen.
package struct ListeningSocket: ~Copyable, Sendable {
    private let socket: Socket
    private let isBesideRetiring: Bool
    /// As bound: with the port that the kernel chose for port 0.
    package let address: SocketAddress

    package var number: Int32 { socket.number }

    /// Clients that may wait in the accept queue; the kernel's somaxconn may lower it.
    package static let backlog = 4096

    /// Binds and listens.
    package init(
        _ address: SocketAddress, accepted: AcceptedSocketOptions = AcceptedSocketOptions()
    ) throws(SystemCallError) {
        let bound = try ListeningSocket(binding: address, accepted: accepted)
        try bound.listen()
        self = bound
    }

    /// Binds only: a socket that has not listened resets no client when it is closed.
    ///
    /// SO_REUSEPORT is not set: a second service on the same port must fail, not share it silently. The exception is
    /// `besideRetiring`: another listener of this process, which refuses new clients, still holds the port and shares
    /// it (`sharePort`). Then the option is set until `listen` has succeeded.
    package init(
        binding address: SocketAddress, besideRetiring: Bool = false,
        accepted: AcceptedSocketOptions = AcceptedSocketOptions()
    ) throws(SystemCallError) {
        let socket = try Socket(family: address.family)
        if case .unix = address {
        } else {
            try socket.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
            try Self.setInherited(accepted, on: socket)
        }
        if case .ipv6 = address { try socket.setOption(Int32(IPPROTO_IPV6), IPV6_V6ONLY, address.isWildcard ? 0 : 1) }
        if besideRetiring { try socket.setOption(SOL_SOCKET, SO_REUSEPORT, 1) }
        let number = socket.number
        try address.withSockaddr { (pointer, length) throws(SystemCallError) in
            _ = try systemCall("bind") { bind(number, pointer, length) }
        }
        self.address = try socket.localAddress()
        self.socket = socket
        isBesideRetiring = besideRetiring
    }

    package func listen() throws(SystemCallError) {
        let number = self.number
        try systemCall("listen") { Glibc.listen(number, Int32(Self.backlog)) }
        if isBesideRetiring { try socket.setOption(SOL_SOCKET, SO_REUSEPORT, 0) }
    }

    private static func setInherited(
        _ options: AcceptedSocketOptions, on socket: borrowing Socket
    ) throws(SystemCallError) {
        let tcp = Int32(IPPROTO_TCP)
        try socket.setOption(tcp, TCP_NODELAY, 1)
        // Keeps urgent bytes in line: otherwise they vanish, and SIOCINQ and reads stop early.
        try socket.setOption(SOL_SOCKET, SO_OOBINLINE, 1)
        try socket.setOption(SOL_SOCKET, SO_KEEPALIVE, 1)
        try socket.setOption(tcp, TCP_KEEPIDLE, options.keepaliveIdle)
        try socket.setOption(tcp, TCP_KEEPINTVL, options.keepaliveInterval)
        try socket.setOption(tcp, TCP_KEEPCNT, options.keepaliveProbes)
    }

    /// accept4(2). Takes one client.
    package func accept() -> AcceptOutcome {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let number = self.number
        let accepted = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Kernel.calls.accept4(number, $0, &length, flags)
            }
        }
        if accepted >= 0 {
            let peer = withUnsafeBytes(of: &storage) { SocketAddress(UnsafeRawBufferPointer($0), length: Int(length)) }
            // Sockets inherit this from a TCP listener, but not from a Unix one.
            if case .unix = address { setInLine(accepted) }
            return .accepted(AcceptedSocket(number: accepted, peer: peer))
        }
        let code = errno
        switch code {
        case EAGAIN: return .wouldBlock
        case EINVAL: return .closed
        // Network errors that are pending on the new socket (accept(2), "Error handling").
        case EINTR, EPROTO, ENOPROTOOPT, ENONET, EOPNOTSUPP: return .clientGone(errno: code)
        default:
            let call = FailedCall(errno: code)
            return call.owner == .peer ? .clientGone(errno: code) : .failed(call)
        }
    }

    /// Keeps urgent bytes in line, as on TCP. Kernels before 5.15 have no urgent bytes on Unix sockets.
    private func setInLine(_ client: Int32) {
        var isOn: Int32 = 1
        _ = setsockopt(client, SOL_SOCKET, SO_OOBINLINE, &isOn, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Refuses every later client at once and keeps the queued ones, by binding to an interface index that does not
    /// exist (SO_BINDTOIFINDEX, Linux 5.1, unprivileged). It cannot be undone on this socket. TCP only.
    package func refuseNewClients() throws(SystemCallError) {
        try socket.setOption(SOL_SOCKET, Int32(CLINUX_SO_BINDTOIFINDEX), 0x7fff_fffe)
    }

    /// Lets a listener that is bound later share the port. Only for a listener that refuses new clients.
    package func sharePort() throws(SystemCallError) {
        try socket.setOption(SOL_SOCKET, SO_REUSEPORT, 1)
    }

    /// Does what `refuseNewClients` does, but on a Unix socket, where it is exact.
    package func shutdownReading() {
        socket.shutdownReading()
    }

    /// Gives the descriptor away.
    package consuming func release() -> Int32 { socket.release() }
}

extension ListeningSocket {
    /// Whether `refuseNewClients` works on this kernel. Tried on a throw-away listener on loopback: a queued client
    /// must still be served, and a later one refused.
    package static func canRefuseNewClients() -> Bool {
        do throws(SystemCallError) {
            let listener = try ListeningSocket(.ipv4(0x7f00_0001, port: 0))
            let queued = try Socket(family: AF_INET)
            guard connect(queued, to: listener.address) else { return false }
            try listener.refuseNewClients()
            let late = try Socket(family: AF_INET)
            guard !connect(late, to: listener.address), case .accepted(let client) = listener.accept() else {
                return false
            }
            _ = Socket(owning: client.number)
            return true
        } catch {
            return false
        }
    }

    /// On loopback the handshake is complete or refused when the call returns, even for a non-blocking socket.
    private static func connect(_ socket: borrowing Socket, to address: SocketAddress) -> Bool {
        let number = socket.number
        let result = try? address.withSockaddr { (pointer, length) throws(SystemCallError) in
            Glibc.connect(number, pointer, length) == 0 ? 0 : errno
        }
        if result == 0 { return true }
        return result == EINPROGRESS && socket.readiness.contains(.writable) && socket.pendingError == 0
    }
}
