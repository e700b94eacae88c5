import Basics
import Glibc
import TestSupport
import Testing

@testable import EventLoops

@Suite struct SocketAddressTests {
    private static let all: [(SocketAddress, String)] = [
        (.ipv4(0x7f00_0001, port: 8888), "127.0.0.1:8888"),
        (.ipv4(0xffff_ffff, port: 65_535), "255.255.255.255:65535"),
        (.ipv4(0, port: 0), "0.0.0.0:0"),
        (.ipv6(high: 0, low: 1, port: 8888, scope: 0), "[::1]:8888"),
        (.ipv6(high: 0, low: 0, port: 7, scope: 0), "[::]:7"),
        (.ipv6(high: 0x2001_0db8_0000_0000, low: 0x0001_0000_0000_00ab, port: 1, scope: 0), "[2001:db8::1:0:0:ab]:1"),
        (.ipv6(high: 0xfe80_0000_0000_0000, low: 2, port: 1, scope: 3), "[fe80::2]:1"),
        (.ipv6(high: 0, low: 0xffff_0a00_0009, port: 51_234, scope: 0), "10.0.0.9:51234"),
        (.unix(path: "/run/echod.sock"), "unix:/run/echod.sock"),
        (.unix(path: nil), "unix"),
    ]

    @Test(arguments: all)
    func description_isWhatTheStatusShows(address: SocketAddress, text: String) {
        #expect(address.description == text)
    }

    @Test(arguments: all)
    func kernelForm_readsBackAsTheSame(address: SocketAddress, _: String) throws {
        let read = try address.withSockaddr { (pointer, length) throws(SystemCallError) in
            SocketAddress(UnsafeRawBufferPointer(start: pointer, count: 128), length: Int(length))
        }
        #expect(read == address)
    }

    /// Family, port and address as they lie in memory.
    @Test func kernelForm_isInNetworkOrder() throws {
        let bytes = try SocketAddress.ipv4(0x0102_0304, port: 0x1f90).withSockaddr {
            (pointer, length) throws(SystemCallError) in
            Array(UnsafeRawBufferPointer(start: pointer, count: Int(length)))
        }
        #expect(bytes.prefix(8) == [UInt8(AF_INET), 0, 0x1f, 0x90, 1, 2, 3, 4])
        #expect(bytes.count == 16)
    }

    @Test func mappedAddress_countsAsIPv4() {
        let mapped = SocketAddress.ipv6(high: 0, low: 0xffff_7f00_0001, port: 9, scope: 0)
        #expect(mapped.ip == .v4(0x7f00_0001))
        #expect(mapped.isLoopback)
        let compatible = SocketAddress.ipv6(high: 0, low: 0x7f00_0001, port: 9, scope: 0)
        #expect(compatible.ip == .v6(high: 0, low: 0x7f00_0001))
        #expect(!compatible.isLoopback)
    }

    @Test func loopbackAndWildcard_areKnown() {
        #expect(SocketAddress.ipv4(0x7f01_0203, port: 0).isLoopback)
        #expect(!SocketAddress.ipv4(0x8000_0001, port: 0).isLoopback)
        #expect(SocketAddress.ipv6(high: 0, low: 1, port: 0, scope: 0).isLoopback)
        #expect(!SocketAddress.ipv6(high: 1, low: 1, port: 0, scope: 0).isLoopback)
        #expect(SocketAddress.unix(path: "/a").isLoopback)
        #expect(SocketAddress.anyInterface(port: 1).isWildcard)
        #expect(SocketAddress.anyIPv4Interface(port: 1).isWildcard)
        #expect(!SocketAddress.unix(path: nil).isWildcard)
    }

    @Test func withPort_changesTheAddressesThatHaveOne() {
        for (address, _) in Self.all {
            #expect(address.withPort(77).port == (address.port == nil ? nil : 77))
        }
    }

    // MARK: Unix paths

    @Test func pathOf107Bytes_fits() throws {
        let path = String(repeating: "p", count: 107)
        let (read, length) = try SocketAddress.unix(path: path).withSockaddr {
            (pointer, length) throws(SystemCallError) in
            (SocketAddress(UnsafeRawBufferPointer(start: pointer, count: 128), length: Int(length)), length)
        }
        #expect(read == .unix(path: path))
        #expect(length == 110)
    }

    @Test func pathOf108Bytes_isTooLong() {
        let error = #expect(throws: SystemCallError.self) {
            try SocketAddress.unix(path: String(repeating: "p", count: 108)).withSockaddr {
                (_, _) throws(SystemCallError) in
            }
        }
        #expect(error?.code == ENAMETOOLONG)
    }

    /// What the kernel reports of a peer whose path fills `sun_path` without a zero, of an abstract and of an unnamed
    /// one; and a length beyond the buffer.
    @Test func unixForms_ofTheKernel_areRead() {
        var bytes = [UInt8](repeating: 0, count: 128)
        bytes[0] = UInt8(AF_UNIX)
        bytes.withUnsafeBytes { #expect(SocketAddress($0, length: 2) == .unix(path: nil)) }
        bytes.withUnsafeBytes { #expect(SocketAddress($0, length: 0) == .unix(path: nil)) }
        bytes.replaceSubrange(3..<8, with: Array("hello".utf8))
        bytes.withUnsafeBytes { #expect(SocketAddress($0, length: 8) == .unix(path: nil)) }
        bytes.replaceSubrange(2..<110, with: [UInt8](repeating: 0x70, count: 108))
        let path = String(repeating: "p", count: 108)
        bytes.withUnsafeBytes { #expect(SocketAddress($0, length: 110) == .unix(path: path)) }
        bytes.withUnsafeBytes { #expect(SocketAddress($0, length: 111) == .unix(path: path)) }
        bytes.withUnsafeBytes { #expect(SocketAddress($0, length: 4) == .unix(path: "pp")) }
        bytes.withUnsafeBytes { all in
            #expect(
                SocketAddress(UnsafeRawBufferPointer(rebasing: all[..<12]), length: 111) == .unix(path: "pppppppppp"))
        }
    }

    // MARK: Names

    @Test func literals_resolveToThemselves() throws {
        #expect(try SocketAddress.resolve(host: "10.1.2.3", port: 5) == [.ipv4(0x0a01_0203, port: 5)])
        #expect(try SocketAddress.resolve(host: "::1", port: 5) == [.ipv6(high: 0, low: 1, port: 5, scope: 0)])
    }

    @Test func localhost_hasBothFamiliesWhateverTheResolverSays() throws {
        #expect(try SocketAddress.resolve(host: "LocalHost", port: 80) == SocketAddress.loopbacks(port: 80))
    }

    @Test func unknownName_isAnErrorInTheResolversWords() {
        // "invalid" never exists (RFC 6761); a leading dot is no name at all, with or without a network.
        let error = #expect(throws: NameResolutionError.self) {
            try SocketAddress.resolve(host: "..invalid", port: 1)
        }
        #expect(error?.description.hasPrefix("cannot resolve ..invalid:1: ") == true)
    }
}
