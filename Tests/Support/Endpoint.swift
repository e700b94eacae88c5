package import Glibc

/// Where a test's server listens.
package enum Endpoint: Hashable, Sendable {
    case ipv4(port: UInt16)
    case ipv6(port: UInt16)
    case unix(path: String)

    /// Reads the form of the status object: `127.0.0.1:8888`, `[::1]:8888`, `unix:/run/echod.sock`.
    package init?(_ text: String) {
        if text.hasPrefix("unix:") {
            self = .unix(path: String(text.dropFirst(5)))
        } else if let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) {
            self = text.hasPrefix("[") ? .ipv6(port: port) : .ipv4(port: port)
        } else {
            return nil
        }
    }

    var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// Calls `body` with the kernel's form; TCP addresses are those of loopback.
    package func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result) rethrows -> Result {
        var bytes = [UInt8](repeating: 0, count: 128)
        var length = 28
        bytes[0] = UInt8(family)
        switch self {
        case .ipv4(let port):
            bytes.replaceSubrange(2..<8, with: [UInt8(port >> 8), UInt8(port & 255), 127, 0, 0, 1])
            length = 16
        case .ipv6(let port):
            bytes.replaceSubrange(2..<4, with: [UInt8(port >> 8), UInt8(port & 255)])
            bytes[23] = 1
        case .unix(let path):
            bytes.replaceSubrange(2..<(2 + path.utf8.count), with: path.utf8)
            length = 3 + path.utf8.count
        }
        return try bytes.withUnsafeBytes { buffer in
            try buffer.withMemoryRebound(to: sockaddr.self) { addresses in
                guard let address = addresses.baseAddress else { preconditionFailure("an array without storage") }
                return try body(address, socklen_t(length))
            }
        }
    }
}

/// A system call of a test failed.
package struct SocketError: Error, Hashable, CustomStringConvertible {
    package var call: String
    package var code: Int32

    package init(_ call: String, code: Int32 = errno) {
        self.call = call
        self.code = code
    }

    package var description: String { "\(call): \(String(cString: strerror(code)))" }
}
