internal import Basics
package import EventLoops

/// A bearer token and the servers that may get it.
package struct ClientToken: Hashable, Sendable {
    /// Printable: it goes into a header.
    package var bytes: [UInt8]
    /// Whether its file is named on the command line, and not only in an environment that a whole pod shares.
    package var isNamedOnCommandLine: Bool

    package init(bytes: [UInt8], isNamedOnCommandLine: Bool) {
        self.bytes = bytes
        self.isNamedOnCommandLine = isNamedOnCommandLine
    }

    /// Loopback and Unix sockets stay on this host; elsewhere the token crosses a network in the clear, and the user
    /// has to ask for that.
    package func maySend(to address: SocketAddress) -> Bool {
        isNamedOnCommandLine || address.isLoopback
    }
}

/// One request to the admin API.
package struct AdminRequest: Hashable, Sendable {
    package enum Method: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
        case delete = "DELETE"
    }

    /// A query parameter, with or without a value.
    package struct Parameter: Hashable, Sendable {
        package var name: String
        package var value: String?

        package init(_ name: String, _ value: String?) {
            self.name = name
            self.value = value
        }
    }

    package var method: Method
    package var path: String
    package var parameters: [Parameter]
    /// For requests that change something; the others need none and get none.
    package var token: ClientToken?

    package init(_ method: Method, _ path: String, _ parameters: [Parameter] = [], token: ClientToken? = nil) {
        self.method = method
        self.path = path
        self.parameters = parameters
        self.token = token
    }

    /// Whether it changes something.
    package var isMutation: Bool { method != .get }

    /// What is sent after connecting to `address`. The Host is an address or `localhost`, which every admin answers to
    /// (contract.md, section 5, "Guards"), whatever name it was reached by.
    package func bytes(to address: SocketAddress) -> [UInt8] {
        let host = if case .unix = address { "localhost" } else { address.description }
        var head =
            "\(method.rawValue) \(target) HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: echod\r\nConnection: close\r\n"
        // Some servers want to be told that nothing follows.
        if method == .post { head += "Content-Length: 0\r\n" }
        var bytes = Array(head.utf8)
        if let token, token.maySend(to: address) {
            bytes += Array("Authorization: Bearer ".utf8) + token.bytes + Array("\r\n".utf8)
        }
        return bytes + Array("\r\n".utf8)
    }

    private var target: String {
        guard !parameters.isEmpty else { return path }
        let query = parameters.map { parameter in
            parameter.value.map { "\(parameter.name)=\(Self.percentEncoded($0))" } ?? parameter.name
        }
        return "\(path)?\(query.joined(separator: "&"))"
    }

    private static func percentEncoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case _ where byte.isASCIIAlphanumeric, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                encoded += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}
