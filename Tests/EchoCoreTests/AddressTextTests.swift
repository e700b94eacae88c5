import EchoCore
import Testing

@Suite struct AddressTextTests {
    @Test(
        arguments: [
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("0:0:0:0:0:0:0:1", "::1"),
            ("2001:DB8::00a1", "2001:db8::a1"),
            ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
            ("1:0:0:2:3:0:0:4", "1::2:3:0:0:4"),
            ("64:ff9b::1.2.3.4", "64:ff9b::102:304"), ("::ffff:1.2.3.4", "1.2.3.4"), ("1.2.3.4", "1.2.3.4"),
        ])
    func ipLiteral_isShownInTheUsualSpelling(text: String, expected: String) {
        #expect(IPLiteral(text)?.description == expected)
    }

    @Test(
        arguments: [
            "", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2:3:4:5:6:7:8", "1.2.3.4::", "::1.2.3",
            "::1.2.3.04",
            "::1.2.3.4:5", "g::", "+1::", "::00001", "1.2.3.4.", "1..2.3", "1.2.3.٤", " ::1", "::1 ", "1.2.3.4%lo",
        ])
    func ipLiteral_refusesTheRest(text: String) {
        #expect(IPLiteral(text) == nil)
    }

    @Test(
        arguments: [
            ("10.0.0.9", "10.0.0.9"), ("10.0.0.9:051", "10.0.0.9:51"), ("::FFFF:10.0.0.9", "10.0.0.9"),
            ("[::ffff:10.0.0.9]:7", "10.0.0.9:7"), ("[0::1]", "::1"), ("[0::1]:5", "[::1]:5"),
            ("fe80::1%eth0", "fe80::1%eth0"), ("[fe80::1%eth0]:5", "[fe80::1%eth0]:5"), ("unix:/a b", "unix:/a b"),
        ])
    func peerFilter_isBroughtIntoTheFormOfPeers(text: String, expected: String) {
        #expect(PeerFilter.canonical(text) == expected)
    }

    @Test(arguments: ["", "localhost", "10.0.0.9:", "10.0.0.9:+5", "[10.0.0.9]", "10.0.0.9%lo", "fe80::1%", "unixx"])
    func peerFilter_isNothingElse(text: String) {
        #expect(PeerFilter.canonical(text) == nil)
    }
}
