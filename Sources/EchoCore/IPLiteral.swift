/// An IPv4 or IPv6 address as written, judged strictly: what a lax reader would take (`127.1`, `0x7f.0.0.1`, leading
/// zeros) is no address here, because a browser or a proxy may take it for another one.
package enum IPLiteral: Hashable, Sendable {
    case v4([UInt8])
    case v6([UInt16])

    package init?(_ text: some StringProtocol) {
        if let bytes = Self.parseV4(text) {
            self = .v4(bytes)
        } else if let groups = Self.parseV6(text) {
            self = .v6(groups)
        } else {
            return nil
        }
    }

    /// The usual spelling (RFC 5952), and an IPv4-mapped address as IPv4: the form in which peers are shown.
    package var description: String {
        switch self {
        case .v4(let bytes):
            return bytes.map { String($0) }.joined(separator: ".")
        case .v6(let groups):
            if groups.prefix(6) == [0, 0, 0, 0, 0, 0xffff] {
                let bytes = groups.suffix(2).flatMap { [$0 >> 8, $0 & 0xff] }
                return bytes.map { String($0) }.joined(separator: ".")
            }
            return Self.describe(groups)
        }
    }
}

extension IPLiteral {
    private static func parseV4(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ isDigit($0) }), let byte = UInt8(part),
                part.utf8.count == 1 || part.first != "0"
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func parseV6(_ text: some StringProtocol) -> [UInt16]? {
        guard let gap = firstDoubleColon(in: text) else {
            guard let groups = parseGroups(text[...]), groups.count == 8 else { return nil }
            return groups
        }
        // `::` stands for at least one group.
        guard let head = parseGroups(text[..<gap.lowerBound], mayEndInV4: false),
            let tail = parseGroups(text[gap.upperBound...]), head.count + tail.count < 8
        else { return nil }
        return head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
    }

    private static func firstDoubleColon<Text: StringProtocol>(in text: Text) -> Range<Text.Index>? {
        for index in text.indices where text[index] == ":" {
            let next = text.index(after: index)
            if next < text.endIndex, text[next] == ":" { return index..<text.index(after: next) }
        }
        return nil
    }

    /// Groups parted by single colons, none for the empty text; the last may be two groups in the form of IPv4.
    private static func parseGroups(_ text: some StringProtocol, mayEndInV4: Bool = true) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if mayEndInV4, index == parts.count - 1, let v4 = parseV4(part) {
                groups.append(UInt16(v4[0]) << 8 | UInt16(v4[1]))
                groups.append(UInt16(v4[2]) << 8 | UInt16(v4[3]))
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ isHexDigit($0) }),
                let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    /// The longest run of two or more zero groups, the first of equals, is written `::`.
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
