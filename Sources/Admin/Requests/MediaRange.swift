internal import Basics

/// One element of `Accept` (RFC 9110, 12.5.1). Parameters other than the version and the quality are ignored.
struct MediaRange: Hashable, Sendable {
    /// In lower case: `text/html`, `text/*`, `*/*`.
    let type: String
    let version: String?
    /// In thousandths.
    let quality: Int

    /// nil if `element` is not a media range.
    init?(_ element: Substring) {
        let parts = Self.split(element, at: ";")
        guard let type = parts.first, type.contains("/") else { return nil }
        var version: String?
        var quality = 1000
        for part in parts.dropFirst() {
            let pair = Self.split(part, at: "=", atMost: 1)
            guard pair.count == 2 else { continue }
            switch pair[0].lowercased() {
            case "version": version = Self.unquote(pair[1])
            case "q":
                guard let number = Self.thousandths(pair[1]) else { return nil }
                quality = number
            default: break
            }
        }
        self.type = type.lowercased()
        self.version = version
        self.quality = quality
    }

    /// `accept`: the values of all headers of that name.
    static func all(in accept: [String]) -> [MediaRange] {
        accept.flatMap { $0.utf8.split(separator: UInt8(ascii: ",")) }.compactMap { MediaRange(Substring($0)) }
    }

    /// `0`, `0.35`, `1.000`: at most three decimals, at most 1 (RFC 9110, 12.4.2).
    private static func thousandths(_ text: Substring) -> Int? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, whole == "0" || whole == "1" else { return nil }
        let decimals = parts.count > 1 ? parts[1] : ""
        guard decimals.utf8.count <= 3, decimals.utf8.allSatisfy(\.isASCIIDigit) else { return nil }
        let padded = decimals + String(repeating: "0", count: 3 - decimals.utf8.count)
        guard let fraction = Int(padded) else { return nil }
        let number = (whole == "1" ? 1000 : 0) + fraction
        return number <= 1000 ? number : nil
    }

    private static func unquote(_ text: Substring) -> String {
        String(text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"") ? text.dropFirst().dropLast() : text)
    }

    /// The parts without the blanks around them. Everything searched for is ASCII, so bytes will do.
    private static func split(
        _ text: Substring, at separator: Unicode.Scalar, atMost splits: Int = .max
    ) -> [Substring] {
        let parts = text.utf8.split(
            separator: UInt8(ascii: separator), maxSplits: splits, omittingEmptySubsequences: false)
        return parts.map { part in
            let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
            guard let last = part.lastIndex(where: { !isBlank($0) }) else { return "" }
            return Substring(part[...last].drop(while: isBlank))
        }
    }
}
