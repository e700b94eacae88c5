package import Basics
internal import CLinux
internal import Glibc

/// The address of a socket, in the compact form that a connection keeps.
package enum SocketAddress: Hashable, Sendable {
    /// Address and port in host byte order.
    case ipv4(UInt32, port: UInt16)
    /// The eight groups as two words in host byte order.
    case ipv6(high: UInt64, low: UInt64, port: UInt16, scope: UInt32)
    /// nil: an unnamed peer.
    case unix(path: String?)

    /// Every interface: IPv6 and, mapped into it, IPv4.
    package static func anyInterface(port: UInt16) -> SocketAddress { .ipv6(high: 0, low: 0, port: port, scope: 0) }

    /// Every interface, on a host without IPv6.
    package static func anyIPv4Interface(port: UInt16) -> SocketAddress { .ipv4(0, port: port) }

    /// The two addresses of `localhost`.
    package static func loopbacks(port: UInt16) -> [SocketAddress] {
        [.ipv4(0x7f00_0001, port: port), .ipv6(high: 0, low: 1, port: port, scope: 0)]
    }

    package var port: UInt16? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, _, let port, _): port
        case .unix: nil
        }
    }

    package func withPort(_ port: UInt16) -> SocketAddress {
        switch self {
        case .ipv4(let address, _): .ipv4(address, port: port)
        case .ipv6(let high, let low, _, let scope): .ipv6(high: high, low: low, port: port, scope: scope)
        case .unix: self
        }
    }

    /// The address without the port, IPv4-mapped as IPv4; nil for a Unix socket.
    package var ip: IPAddress? {
        switch self {
        case .ipv4(let address, _): .v4(address)
        case .ipv6(let high, let low, _, _): IPAddress.v6(high: high, low: low).unmapped
        case .unix: nil
        }
    }

    package var isLoopback: Bool { ip?.isLoopback ?? true }

    /// Whether it names every interface.
    package var isWildcard: Bool {
        switch self {
        case .ipv4(let address, _): address == 0
        case .ipv6(let high, let low, _, _): high == 0 && low == 0
        case .unix: false
        }
    }

    var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `127.0.0.1:8888`, `[::1]:8888`, `unix:/run/echod.sock`, or `unix` for an unnamed peer; mapped IPv4 as IPv4.
    package var description: String {
        if let ip, let port { return ip.description(port: port) }
        guard case .unix(let path?) = self else { return "unix" }
        return "unix:\(path)"
    }
}

// MARK: The kernel's form

extension SocketAddress {
    /// Reads what the kernel wrote; `length` is what it reported, which may exceed the buffer for a long Unix path.
    init(_ storage: UnsafeRawBufferPointer, length: Int) {
        let family = length >= 2 ? Int32(storage.loadUnaligned(as: sa_family_t.self)) : AF_UNIX
        switch family {
        case AF_INET:
            let address = storage.loadUnaligned(as: sockaddr_in.self)
            self = .ipv4(UInt32(bigEndian: address.sin_addr.s_addr), port: UInt16(bigEndian: address.sin_port))
        case AF_INET6:
            let address = storage.loadUnaligned(as: sockaddr_in6.self)
            self.init(
                address.sin6_addr, port: UInt16(bigEndian: address.sin6_port), scope: address.sin6_scope_id)
        default:
            let path = storage.prefix(min(length, storage.count)).dropFirst(2).prefix { $0 != 0 }
            self = .unix(path: path.isEmpty ? nil : String(decoding: path, as: UTF8.self))
        }
    }

    init(_ address: in6_addr, port: UInt16, scope: UInt32) {
        let (high, low) = withUnsafeBytes(of: address) { bytes in
            (
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        self = .ipv6(high: high, low: low, port: port, scope: scope)
    }

    /// Calls `body` with the kernel's form. A path that does not fit `sun_path` (107 bytes) is ENAMETOOLONG.
    func withSockaddr<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        var storage = sockaddr_storage()
        let length = try write(to: &storage)
        let address = storage
        return try withUnsafePointer(to: address) { pointer throws(SystemCallError) in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer throws(SystemCallError) in
                try body(pointer, length)
            }
        }
    }

    private func write(to storage: inout sockaddr_storage) throws(SystemCallError) -> socklen_t {
        switch self {
        case .ipv4(let address, let port):
            var form = sockaddr_in()
            form.sin_family = sa_family_t(AF_INET)
            form.sin_port = port.bigEndian
            form.sin_addr.s_addr = address.bigEndian
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: form, as: sockaddr_in.self) }
            return socklen_t(MemoryLayout<sockaddr_in>.size)
        case .ipv6(let high, let low, let port, let scope):
            var form = sockaddr_in6()
            form.sin6_family = sa_family_t(AF_INET6)
            form.sin6_port = port.bigEndian
            form.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &form.sin6_addr) { bytes in
                bytes.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
                bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: form, as: sockaddr_in6.self) }
            return socklen_t(MemoryLayout<sockaddr_in6>.size)
        case .unix(let path):
            return try write(path: path ?? "", to: &storage)
        }
    }

    private func write(path: String, to storage: inout sockaddr_storage) throws(SystemCallError) -> socklen_t {
        let path = Array(path.utf8)
        guard path.count < MemoryLayout<sockaddr_un>.size - 2 else {
            throw SystemCallError(call: "bind", code: ENAMETOOLONG)
        }
        storage.ss_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &storage) { bytes in
            for (index, byte) in path.enumerated() { bytes[2 + index] = byte }
        }
        return socklen_t(2 + path.count + 1)
    }
}
