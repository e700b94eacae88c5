import Glibc

/// Where a test's server listens.
enum Endpoint: Sendable {
    case ipv4(port: UInt16)
    case ipv6(port: UInt16)
    case unix(path: String)
}

struct SocketError: Error {
    var call: String
    var code = errno
}

enum Sockets {
    /// A listening socket on a free port of 127.0.0.1.
    static func listen() throws -> (descriptor: Int32, endpoint: Endpoint) {
        let descriptor = try stream(AF_INET)
        try withAddress(of: .ipv4(port: 0)) { try check(bind(descriptor, $0, $1), "bind") }
        try check(Glibc.listen(descriptor, 256), "listen")
        return (descriptor, .ipv4(port: try port(of: descriptor)))
    }

    /// A dual-stack listening socket on a free port of every address.
    static func listenDualStack() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = try stream(AF_INET6)
        var off: Int32 = 0
        try check(setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, 4), "setsockopt")
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        try withUnsafeBytes(of: address) { bytes in
            let size = socklen_t(bytes.count)
            try check(bind(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), size), "bind")
        }
        try check(Glibc.listen(descriptor, 256), "listen")
        return (descriptor, try port(of: descriptor))
    }

    static func listen(path: String) throws -> Int32 {
        let descriptor = try stream(AF_UNIX)
        unlink(path)
        try withAddress(of: .unix(path: path)) { try check(bind(descriptor, $0, $1), "bind") }
        try check(Glibc.listen(descriptor, 256), "listen")
        return descriptor
    }

    /// Reads of the socket end after ten seconds: a test fails rather than hangs.
    static func connect(to endpoint: Endpoint, from path: String? = nil, receiveBuffer: Int32? = nil) throws -> Int32 {
        let family =
            switch endpoint {
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            case .unix: AF_UNIX
            }
        let descriptor = try stream(family)
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        try check(setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size), "setsockopt")
        if var receiveBuffer {
            try check(setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4), "setsockopt")
        }
        if let path { try withAddress(of: .unix(path: path)) { try check(bind(descriptor, $0, $1), "bind") } }
        try withAddress(of: endpoint) { try check(Glibc.connect(descriptor, $0, $1), "connect") }
        return descriptor
    }

    private static func stream(_ family: Int32) throws -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        return try check(socket(family, type, 0), "socket")
    }

    private static func port(of descriptor: Int32) throws -> UInt16 {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        try withUnsafeMutablePointer(to: &address) { address in
            try address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = try check(getsockname(descriptor, $0, &length), "getsockname")
            }
        }
        return UInt16(bigEndian: address.sin6_port)  // The port stands at the same place for both families.
    }

    private static func withAddress(
        of endpoint: Endpoint, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void
    ) throws {
        var storage = [UInt8](repeating: 0, count: 112)
        switch endpoint {
        case .ipv4(let port):
            storage[0] = UInt8(AF_INET)
            storage.replaceSubrange(2..<8, with: [UInt8(port >> 8), UInt8(port & 255), 127, 0, 0, 1])
        case .ipv6(let port):
            storage[0] = UInt8(AF_INET6)
            storage.replaceSubrange(2..<4, with: [UInt8(port >> 8), UInt8(port & 255)])
            storage[23] = 1
        case .unix(let path):
            storage[0] = UInt8(AF_UNIX)
            storage.replaceSubrange(2..<(2 + path.utf8.count), with: path.utf8)
        }
        let length =
            switch endpoint {
            case .ipv4: 16
            case .ipv6: 28
            case .unix: 110
            }
        try storage.withUnsafeBytes { bytes in
            guard let address = bytes.baseAddress else { return }
            try body(address.assumingMemoryBound(to: sockaddr.self), socklen_t(length))
        }
    }

    @discardableResult
    static func check(_ result: Int32, _ call: String) throws -> Int32 {
        guard result >= 0 else { throw SocketError(call: call) }
        return result
    }
}
