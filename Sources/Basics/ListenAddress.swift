/// An address to listen on, as the user writes it: `HOST:PORT`, `[V6]:PORT`, `:PORT` or `unix:PATH`.
///
/// Only the syntax is checked here; names are resolved where sockets are made.
package enum ListenAddress: Hashable, Sendable {
    /// A name or a literal; an IPv6 literal without its brackets.
    case host(String, port: UInt16)
    /// `:PORT`, one dual-stack socket on every interface.
    case everyInterface(port: UInt16)
    case unix(path: String)

    /// `sun_path` has 108 bytes, one of them for the terminating zero (unix(7)).
    package static let longestUnixPath = 107

    /// The forms in one line, for error messages and help.
    package static let forms = "HOST:PORT, [V6]:PORT, :PORT, unix:PATH"

    /// Reads one of the four forms.
    package init(parsing text: String) throws(ListenAddressError) {
        if text.hasPrefix("unix:") {
            self = .unix(path: try Self.unixPath(text.dropFirst("unix:".count)))
        } else if text.hasPrefix("[") {
            self = try Self.bracketed(text)
        } else {
            self = try Self.hostAndPort(text)
        }
    }

    /// The port to bind; nil for a Unix socket.
    package var port: UInt16? {
        switch self {
        case .host(_, let port), .everyInterface(let port): port
        case .unix: nil
        }
    }
}

extension ListenAddress: CustomStringConvertible {
    /// Text that `init(parsing:)` reads back as the same address.
    package var description: String {
        switch self {
        case .host(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .everyInterface(let port): ":\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// Why a text is not a listen address, and what to write instead.
package struct ListenAddressError: Error, Hashable, CustomStringConvertible {
    package var description: String
}

extension ListenAddress {
    private static func unixPath(_ path: Substring) throws(ListenAddressError) -> String {
        if path.isEmpty {
            throw ListenAddressError(description: "the path is missing, write unix:/run/echod.sock")
        }
        if path.utf8.contains(0) {
            throw ListenAddressError(description: "a path cannot contain a zero byte")
        }
        let length = path.utf8.count
        if length > longestUnixPath {
            throw ListenAddressError(
                description: "the path has \(length) bytes, a socket's may have \(longestUnixPath): use a shorter one")
        }
        return String(path)
    }

    private static func bracketed(_ text: String) throws(ListenAddressError) -> ListenAddress {
        guard let end = text.firstIndex(of: "]") else {
            throw ListenAddressError(description: "the ] is missing, write [::1]:8888")
        }
        let host = text[text.index(after: text.startIndex)..<end]
        guard isIPv6(host) else {
            throw ListenAddressError(description: "brackets are for IPv6 addresses, such as [::1]:8888")
        }
        let rest = text[text.index(after: end)...]
        guard rest.hasPrefix(":"), rest.count > 1 else {
            throw ListenAddressError(description: "the port is missing, write [\(host)]:PORT")
        }
        return .host(String(host), port: try portNumber(rest.dropFirst()))
    }

    private static func hostAndPort(_ text: String) throws(ListenAddressError) -> ListenAddress {
        if text.isEmpty {
            throw ListenAddressError(description: "the address is empty, write for example 127.0.0.1:8888 or :8888")
        }
        if text.utf8.allSatisfy(\.isASCIIDigit) {
            throw ListenAddressError(
                description: "a bare number is ambiguous, write :\(text) for every interface or 127.0.0.1:\(text)")
        }
        if text.contains("/") {
            throw ListenAddressError(
                description: "this is a URL or a path, write HOST:PORT, or unix:PATH for a socket file")
        }
        if let character = text.unicodeScalars.first(where: { $0.value <= 32 || $0.value == 127 || $0 == "," }) {
            let isList = character == ","
            let what = isList ? "a comma (give the option twice instead)" : "white space or a control character"
            throw ListenAddressError(description: "an address cannot contain \(what)")
        }
        guard let colon = text.lastIndex(of: ":") else {
            throw ListenAddressError(description: "the port is missing, write \(text):PORT")
        }
        let host = text[..<colon]
        let port = text[text.index(after: colon)...]
        if host.contains(":") {
            throw ListenAddressError(description: "an IPv6 address needs brackets, write \(withBrackets(text))")
        }
        if port.isEmpty {
            throw ListenAddressError(description: "the port is missing, write \(host):PORT")
        }
        let number = try portNumber(port)
        return host.isEmpty ? .everyInterface(port: number) : .host(String(host), port: number)
    }

    private static func portNumber(_ text: Substring) throws(ListenAddressError) -> UInt16 {
        guard text.utf8.allSatisfy(\.isASCIIDigit) else {
            throw ListenAddressError(description: "the port must be a number from 0 to 65535, not a name")
        }
        guard let port = UInt16(text) else {
            throw ListenAddressError(description: "the port is out of range: use 0 (any free port) to 65535")
        }
        return port
    }

    /// The likeliest meaning of an IPv6 address without brackets: `::1` has no port, `::1:8888` ends with one.
    private static func withBrackets(_ text: String) -> String {
        guard let colon = text.lastIndex(of: ":") else { return "[V6]:PORT" }
        let host = text[..<colon]
        let port = text[text.index(after: colon)...]
        let endsWithPort = port.utf8.count >= 4 && UInt16(port) != nil && isIPv6(host)
        if endsWithPort { return "[\(host)]:\(port)" }
        return isIPv6(text[...]) ? "[\(text)]:8888" : "[V6]:PORT"
    }

    private static func isIPv6(_ text: Substring) -> Bool {
        if case .v6 = IPAddress(leavingOutZoneOf: text) { true } else { false }
    }
}
