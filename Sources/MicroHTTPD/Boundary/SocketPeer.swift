internal import Basics
internal import CMicroHTTPD
internal import Glibc

extension HTTPPeer {
    /// The other end of a connected socket, as the kernel says. The library's own record of the address is
    /// not used: for a Unix client with a long path it holds memory beyond its buffer (faults.md, 1.6).
    /// Nil when the peer is gone already.
    init?(descriptor: Int32) {
        guard let family = Self.family(of: descriptor) else { return nil }
        if family == sa_family_t(AF_UNIX) {
            self.init(unixDescriptor: descriptor)
        } else {
            self.init(networkDescriptor: descriptor)
        }
    }

    /// Whether it is a Unix socket.
    static func isUnix(_ descriptor: Int32) -> Bool { family(of: descriptor) == sa_family_t(AF_UNIX) }

    private static func family(of descriptor: Int32) -> sa_family_t? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage -> sa_family_t? in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                getsockname(descriptor, address, &length) == 0 ? address.pointee.sa_family : nil
            }
        }
    }

    private init?(unixDescriptor descriptor: Int32) {
        // struct ucred: pid, uid, gid; Glibc's module hides its declaration.
        var credentials: (pid: Int32, user: UInt32, group: UInt32) = (0, .max, .max)
        let size = MemoryLayout.size(ofValue: credentials)
        var length = socklen_t(size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0, Int(length) == size else {
            return nil
        }
        self = .unix(userID: credentials.user)
    }

    private init?(networkDescriptor descriptor: Int32) {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let code = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) }
        }
        guard code == 0 else { return nil }
        switch Int32(address.sin6_family) {
        case AF_INET6: self = .network(IPAddress(address.sin6_addr).unmapped)
        case AF_INET:
            let ipv4 = withUnsafeBytes(of: address) { $0.loadUnaligned(as: sockaddr_in.self) }
            self = .network(.v4(UInt32(bigEndian: ipv4.sin_addr.s_addr)))
        default: return nil
        }
    }
}

extension IPAddress {
    fileprivate init(_ address: in6_addr) {
        self = withUnsafeBytes(of: address) { bytes in
            .v6(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }
}
