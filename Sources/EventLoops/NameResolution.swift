internal import CLinux
internal import Glibc

/// A host name that could not be resolved, with the resolver's words.
package struct NameResolutionError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

extension SocketAddress {
    /// All addresses of a name or an address literal, without duplicates, in the resolver's order. May take as long as
    /// the resolver does: not for a loop's thread while it serves.
    package static func resolve(host: String, port: UInt16) throws(NameResolutionError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else {
            throw NameResolutionError(description: String(cString: gai_strerror(code)))
        }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next {
            if let address = entry.pointee.ai_addr {
                let bytes = UnsafeRawBufferPointer(start: address, count: Int(entry.pointee.ai_addrlen))
                let found = SocketAddress(bytes, length: bytes.count)
                if !addresses.contains(found) { addresses.append(found) }
            }
            next = entry.pointee.ai_next
        }
        return addresses
    }
}

extension SocketAddress {
    /// An address literal, IPv4 or IPv6 without brackets; nil for everything else. Resolves no names.
    package init?(literal: String, port: UInt16) {
        var ipv4 = in_addr()
        var ipv6 = in6_addr()
        if inet_pton(AF_INET, literal, &ipv4) == 1 {
            self = .ipv4(UInt32(bigEndian: ipv4.s_addr), port: port)
        } else if inet_pton(AF_INET6, literal, &ipv6) == 1 {
            self.init(ipv6, port: port, scope: 0)
        } else {
            return nil
        }
    }

    /// Without port and scope, and IPv4-mapped as IPv4: what two addresses of one host share.
    package var host: SocketAddress {
        switch unmapped {
        case .ipv4(let address, _): .ipv4(address, port: 0)
        case .ipv6(let high, let low, _, _): .ipv6(high: high, low: low, port: 0, scope: 0)
        case .unix: self
        }
    }
}
