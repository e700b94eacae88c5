import Basics
import Testing

@Suite struct IPAddressTests {
    @Test(
        arguments: [
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("0:0:0:0:0:0:0:1", "::1"),
            ("2001:DB8::00a1", "2001:db8::a1"),
            ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
            ("1:0:0:2:3:0:0:4", "1::2:3:0:0:4"),
            ("64:ff9b::1.2.3.4", "64:ff9b::102:304"), ("::ffff:1.2.3.4", "1.2.3.4"), ("1.2.3.4", "1.2.3.4"),
        ])
    func ipAddress_isShownInTheUsualSpelling(text: String, expected: String) {
        #expect(IPAddress(text)?.description == expected)
    }

    @Test(
        arguments: [
            "", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2:3:4:5:6:7:8", "1.2.3.4::", "::1.2.3",
            "::1.2.3.04",
            "::1.2.3.4:5", "g::", "+1::", "-0::", "\u{ff11}::", "::00001", "1.2.3.4.", "1..2.3", "1.2.3.٤", " ::1",
            "::1 ", "1.2.3.4%lo",
        ])
    func ipAddress_refusesTheRest(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        ("127.1.2.3", true), ("128.0.0.1", false), ("::1", true), ("::ffff:127.0.0.1", true), ("::7f00:1", false),
        ("1::1", false),
    ])
    func ipAddress_ofThisHostIsLoopback(text: String, isLoopback: Bool) {
        #expect(IPAddress(text)?.isLoopback == isLoopback)
    }

    @Test(arguments: [("fe80::1%eth0", "fe80::1"), ("fe80::1", "fe80::1"), ("10.0.0.9", "10.0.0.9")])
    func zone_isLeftOut(text: String, expected: String) {
        #expect(IPAddress(leavingOutZoneOf: text)?.description == expected)
    }

    @Test(arguments: [
        ("10.0.0.9", PeerPattern.address(.v4(0x0a00_0009), port: nil)),
        ("10.0.0.9:051", .address(.v4(0x0a00_0009), port: 51)),
        ("::FFFF:10.0.0.9", .address(.v4(0x0a00_0009), port: nil)),
        ("[::ffff:10.0.0.9]:7", .address(.v4(0x0a00_0009), port: 7)),
        ("[0::1]", .address(.v6(high: 0, low: 1), port: nil)), ("[0::1]:5", .address(.v6(high: 0, low: 1), port: 5)),
        ("fe80::1%eth0", .address(.v6(high: 0xfe80_0000_0000_0000, low: 1), port: nil)),
        ("[fe80::1%eth0]:5", .address(.v6(high: 0xfe80_0000_0000_0000, low: 1), port: 5)),
        ("unix", .unix(path: nil)), ("unix:/a b", .unix(path: "/a b")),
    ])
    func peerPattern_isWhatPeersAreShownBy(text: String, expected: PeerPattern) {
        #expect(PeerPattern(text) == expected)
    }

    @Test(arguments: [
        "", "localhost", "10.0.0.9:", "10.0.0.9:+5", "[10.0.0.9]", "10.0.0.9%lo", "fe80::1%", "fe80::1% ", "unixx",
    ])
    func peerPattern_isNothingElse(text: String) {
        #expect(PeerPattern(text) == nil)
    }
}
