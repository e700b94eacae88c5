import Basics
import EventLoops
import Testing

@testable import AdminClient

@Suite("What is sent where")
struct AdminRequestTests {
    private let loopback = SocketAddress.ipv4(0x7f00_0001, port: 8889)
    private let elsewhere = SocketAddress.ipv4(0x0a00_0005, port: 8889)

    private func text(_ request: AdminRequest, to address: SocketAddress) -> String {
        String(decoding: request.bytes(to: address), as: UTF8.self)
    }

    @Test func request_hasHostOfTheAddress() {
        let request = AdminRequest(.post, "/drain", [.init("wait", nil), .init("peer", "[::1]:5 &\u{e9}")])
        #expect(
            text(request, to: .ipv6(high: 0, low: 1, port: 8889, scope: 0))
                == "POST /drain?wait&peer=%5B%3A%3A1%5D%3A5%20%26%C3%A9 HTTP/1.1\r\nHost: [::1]:8889\r\n"
                + "User-Agent: echod\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        #expect(text(AdminRequest(.get, "/status"), to: .unix(path: "/x")).contains("\r\nHost: localhost\r\n"))
    }

    @Test func token_staysOnThisHost_unlessItsFileIsNamed() {
        for (isNamed, address, isSent) in [
            (false, loopback, true), (false, .unix(path: "/x"), true), (false, elsewhere, false),
            (true, elsewhere, true), (true, loopback, true),
            // IPv4 mapped into IPv6 counts as that IPv4 address.
            (false, .ipv6(high: 0, low: 0xffff_7f00_0001, port: 1, scope: 0), true),
            (false, .ipv6(high: 0, low: 0xffff_0a00_0005, port: 1, scope: 0), false),
        ] {
            let token = ClientToken(bytes: Array("secret".utf8), isNamedOnCommandLine: isNamed)
            let request = AdminRequest(.delete, "/drain", token: token)
            #expect(text(request, to: address).contains("\r\nAuthorization: Bearer secret\r\n") == isSent)
            #expect(text(request, to: address).contains("secret") == isSent)
        }
    }

    @Test(
        arguments: [
            (":8889", ["127.0.0.1:8889", "[::1]:8889"]), ("0.0.0.0:8889", ["127.0.0.1:8889"]),
            ("[::]:8889", ["[::1]:8889", "127.0.0.1:8889"]), ("[0:0::0]:1", ["[::1]:1", "127.0.0.1:1"]),
            ("[::ffff:0.0.0.0]:1", ["127.0.0.1:1"]), ("LocalHost:1", ["127.0.0.1:1", "[::1]:1"]),
            ("10.0.0.5:8889", ["10.0.0.5:8889"]), ("[2001:db8::1]:1", ["[2001:db8::1]:1"]),
            ("unix:/a/b", ["unix:/a/b"]),
        ])
    func everyInterface_meansLoopback(text: String, expected: [String]) throws {
        let target = try AdminTarget.resolve(try ListenAddress(parsing: text))
        #expect(target.candidates.map(\.description) == expected)
    }
}
