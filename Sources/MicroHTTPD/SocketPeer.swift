internal import CMicroHTTPD
internal import Glibc

extension HTTPPeer {
    /// Who is at the other end of a connected socket, asked of the kernel. The library's own record of the address is
    /// not used: for a Unix client with a long path it holds memory beyond its buffer (faults.md, 1.6).
    /// Nil when the peer is gone already.
    init?(descriptor: Int32) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let family = withUnsafeMutablePointer(to: &storage) { storage -> sa_family_t? in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                getsockname(descriptor, address, &length) == 0 ? address.pointee.sa_family : nil
            }
        }
        guard let family else { return nil }
        if family == sa_family_t(AF_UNIX) {
            self.init(unixDescriptor: descriptor)
        } else {
            self.init(networkDescriptor: descriptor)
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
        if address.sin6_family == sa_family_t(AF_INET6) {
            self.init(ipv6: withUnsafeBytes(of: address.sin6_addr) { Array($0) })
        } else if address.sin6_family == sa_family_t(AF_INET) {
            let bytes = withUnsafeBytes(of: address) { Array($0[4..<8]) }  // sin_addr stands after family and port.
            self = .ipv4(bytes)
        } else {
            return nil
        }
    }

    private init(ipv6 bytes: [UInt8]) {
        if bytes[0..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xff, bytes[11] == 0xff {
            self = .ipv4(Array(bytes[12...]))
            return
        }
        let isLoopback = bytes[0..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
        self = .network(address: Self.text(AF_INET6, bytes), isLoopback: isLoopback)
    }

    private static func ipv4(_ bytes: [UInt8]) -> HTTPPeer {
        .network(address: text(AF_INET, bytes), isLoopback: bytes[0] == 127)
    }

    private static func text(_ family: Int32, _ bytes: [UInt8]) -> String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, bytes, &buffer, socklen_t(buffer.count)) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
