import Basics
import Testing

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ("127.0.0.1:8888", ListenAddress.host("127.0.0.1", port: 8888)),
        ("localhost:0", .host("localhost", port: 0)),
        ("echo.example.org:65535", .host("echo.example.org", port: 65535)),
        ("[::1]:8888", .host("::1", port: 8888)),
        ("[fe80::1%eth0]:7", .host("fe80::1%eth0", port: 7)),
        ("[::ffff:127.0.0.1]:7", .host("::ffff:127.0.0.1", port: 7)),
        (":8888", .everyInterface(port: 8888)),
        (":0", .everyInterface(port: 0)),
        ("unix:/run/echod.sock", .unix(path: "/run/echod.sock")),
        ("unix:relative", .unix(path: "relative")),
    ])
    func everyForm_isReadAndPrintedBack(text: String, address: ListenAddress) throws {
        #expect(try ListenAddress(parsing: text) == address)
        #expect(address.description == text)
    }

    @Test(arguments: [
        ("8888", "write :8888"),
        ("", "the address is empty"),
        ("localhost", "write localhost:PORT"),
        ("localhost:", "write localhost:PORT"),
        (":", "write :PORT"),
        ("localhost:http", "the port must be a number"),
        ("localhost:+80", "the port must be a number"),
        ("localhost:65536", "out of range: use 0 (any free port) to 65535"),
        (":99999999999999999999", "out of range"),
        ("[::1]", "write [::1]:PORT"),
        ("[::1]:", "write [::1]:PORT"),
        ("[::1]8888", "write [::1]:PORT"),
        ("[::1", "the ] is missing"),
        ("[localhost]:80", "brackets are for IPv6"),
        ("[]:80", "brackets are for IPv6"),
        ("::1", "write [::1]:8888"),
        ("::1:8888", "write [::1]:8888"),
        ("fe80::1:443x:1", "write [V6]:PORT"),
        ("http://localhost:80", "this is a URL or a path"),
        ("/run/echod.sock", "unix:PATH for a socket file"),
        ("local host:80", "white space"),
        ("a:1,b:2", "give the option twice"),
        ("unix:", "the path is missing"),
    ])
    func whatIsNoAddress_isRefusedWithAdvice(text: String, advice: String) {
        let error = #expect(throws: ListenAddressError.self) { try ListenAddress(parsing: text) }
        #expect(error?.description.contains(advice) == true, "\(error?.description ?? "no error")")
    }

    @Test func unixPath_upToThePlatformsLimit_isTaken() throws {
        let longest = "/" + String(repeating: "a", count: 106)
        #expect(try ListenAddress(parsing: "unix:\(longest)") == .unix(path: longest))
    }

    /// The limit counts bytes, not characters: `é` has two.
    @Test(arguments: [String(repeating: "a", count: 107), String(repeating: "é", count: 54)])
    func unixPath_pastTheLimit_isRefused(name: String) {
        let error = #expect(throws: ListenAddressError.self) { try ListenAddress(parsing: "unix:/\(name)") }
        #expect(error?.description.contains("may have 107") == true)
    }

    @Test func port_ofAUnixSocket_isNil() {
        #expect(ListenAddress.unix(path: "a").port == nil)
        #expect(ListenAddress.everyInterface(port: 7).port == 7)
        #expect(ListenAddress.host("a", port: 8).port == 8)
    }
}
