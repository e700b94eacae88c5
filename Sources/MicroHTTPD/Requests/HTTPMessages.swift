package import Basics

/// The methods that reach a handler; every other one is answered 405 before routing.
package enum HTTPMethod: String, Hashable, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
    case options = "OPTIONS"
}

/// Who sent a request.
package enum HTTPPeer: Hashable, Sendable {
    /// Never an IPv4-mapped address.
    case network(IPAddress)
    /// From SO_PEERCRED.
    case unix(userID: UInt32)
}

/// A request that passed the library's input policy (faults.md, 1.6): origin-form (or `OPTIONS *`), one Host (HTTP/1.0
/// may have none), no body.
package struct HTTPRequest: Hashable, Sendable {
    package var method: HTTPMethod
    /// As sent, without the query: begins with `/`, holds no `%` and only bytes 33 to 126. `*` with OPTIONS only.
    package var path: String
    /// As sent, still percent-encoded, without the `?`; nil if there is none.
    package var query: String?
    /// Names in lower case, in the order received.
    package var headers: [(name: String, value: String)] { pairs.map { ($0.name, $0.value) } }
    package var peer: HTTPPeer

    private struct Header: Hashable, Sendable {
        var name: String
        var value: String
    }
    private var pairs: [Header]

    package init(
        method: HTTPMethod, path: String, query: String? = nil, headers: [(name: String, value: String)] = [],
        peer: HTTPPeer
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.pairs = headers.map { Header(name: $0.name.lowercased(), value: $0.value) }
        self.peer = peer
    }

    /// All values of a header, in the order received. `name` in lower case.
    package func values(of name: String) -> [String] {
        pairs.filter { $0.name == name }.map(\.value)
    }
}

/// A complete answer. `Content-Length` and `Date` are added by the library.
package struct HTTPResponse: Hashable, Sendable {
    package struct Header: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var status: Int
    package var headers: [Header]
    package var body: [UInt8]

    package init(status: Int, headers: [Header] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// How a handler answers: at once, later, or with a stream.
package enum HTTPReply: Sendable {
    case response(HTTPResponse)
    /// The connection is suspended, then the closure is called with the response to be completed, once, from any
    /// thread.
    case deferred(@Sendable (DeferredResponse) -> Void)
    /// The response is sent with its body as the first bytes. Then the closure is called, on the library's thread, with
    /// the stream that continues it. For HEAD only the headers are sent, and the closure is dropped without being
    /// called.
    case stream(HTTPResponse, @Sendable (ResponseStream) -> Void)
}
