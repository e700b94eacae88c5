/// An IPv4 or IPv6 address.
package enum IPAddress: Hashable, Sendable {
    /// In host byte order.
    case v4(UInt32)
    /// The eight groups as two words in host byte order.
    case v6(high: UInt64, low: UInt64)

    /// An IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) as IPv4; every other one unchanged.
    package var unmapped: IPAddress {
        guard case .v6(0, let low) = self, low >> 32 == 0xffff else { return self }
        return .v4(UInt32(truncatingIfNeeded: low))
    }

    package var isLoopback: Bool {
        switch unmapped {
        case .v4(let address): address >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        }
    }
}

extension IPAddress: CustomStringConvertible {
    /// The usual spelling (RFC 5952), and an IPv4-mapped address as IPv4: the form in which peers are shown.
    package var description: String {
        switch unmapped {
        case .v4(let address):
            return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
        case .v6(let high, let low):
            return Self.describe(
                [high, low].flatMap { word in
                    [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: word >> $0) }
                })
        }
    }

    /// The address and a port: `10.0.0.9:51234`, `[::1]:51234`.
    package func description(port: UInt16) -> String {
        switch unmapped {
        case .v4: "\(description):\(port)"
        case .v6: "[\(description)]:\(port)"
        }
    }

    /// Writes the longest run of two or more zero groups as `::`, or the first of them if several are equally long.
    private static func describe(_ groups: [UInt16]) -> String {
        var longest = 0..<0
        var start: Int?
        for index in 0...groups.count {
            if index < groups.count, groups[index] == 0 {
                start = start ?? index
            } else if let first = start {
                if index - first > longest.count { longest = first..<index }
                start = nil
            }
        }
        let hex = groups.map { String($0, radix: 16) }
        guard longest.count > 1 else { return hex.joined(separator: ":") }
        return hex[..<longest.lowerBound].joined(separator: ":") + "::"
            + hex[longest.upperBound...].joined(separator: ":")
    }
}

// MARK: Reading

extension IPAddress {
    /// Reads an address strictly: forms that a lax reader accepts (`127.1`, `0x7f.0.0.1`, leading zeros) are refused,
    /// because a browser or a proxy may read them as another address.
    package init?(_ text: some StringProtocol) {
        if let address = Self.parseV4(text) {
            self = .v4(address)
        } else if let groups = Self.parseV6(text) {
            let words = [groups[..<4], groups[4...]].map { $0.reduce(UInt64(0)) { $0 << 16 | UInt64($1) } }
            self = .v6(high: words[0], low: words[1])
        } else {
            return nil
        }
    }

    /// Reads an address that may carry the zone of a link-local one (`fe80::1%eth0`), and leaves the zone out.
    package init?(leavingOutZoneOf text: some StringProtocol) {
        guard let percent = text.firstIndex(of: "%") else {
            self.init(text)
            return
        }
        let zone = text[percent...].utf8.dropFirst()
        guard !zone.isEmpty, zone.allSatisfy(\.isVisibleASCII),
            let address = Self(text[..<percent]), case .v6 = address
        else { return nil }
        self = address
    }

    private static func parseV4(_ text: some StringProtocol) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard part.utf8.count == 1 || part.first != "0", let byte = UInt8(digits: part) else { return nil }
            address = address << 8 | UInt32(byte)
        }
        return address
    }

    private static func parseV6(_ text: some StringProtocol) -> [UInt16]? {
        let halves = text.split(separator: "::", maxSplits: 1, omittingEmptySubsequences: false)
        guard let head = parseGroups(halves[0], mayEndInV4: halves.count == 1) else { return nil }
        guard halves.count == 2 else { return head.count == 8 ? head : nil }
        // `::` replaces at least one group.
        guard let tail = parseGroups(halves[1]), head.count + tail.count < 8 else { return nil }
        return head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
    }

    /// Groups separated by single colons, none for the empty text; the last two groups may be written as an IPv4
    /// address.
    private static func parseGroups(_ text: some StringProtocol, mayEndInV4: Bool = true) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if mayEndInV4, index == parts.count - 1, let v4 = parseV4(part) {
                groups += [UInt16(v4 >> 16), UInt16(v4 & 0xffff)]
                continue
            }
            guard (1...4).contains(part.utf8.count), part.first?.isHexDigit == true,
                let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }
}
