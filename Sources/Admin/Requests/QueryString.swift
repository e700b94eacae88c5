internal import Basics

/// A query taken apart and percent-decoded once.
///
/// A `+` is a plus: no value needs a space, and a zone or a number may need the sign.
struct QueryString: Hashable, Sendable {
    struct Item: Hashable, Sendable {
        var name: String
        /// nil for a name without `=`.
        var value: String?
    }

    var items: [Item]

    /// Refuses what cannot have been meant: empty parts, names or values, and bytes that are not text.
    init(_ query: String?) throws(Problem) {
        items = []
        guard let query, !query.isEmpty else { return }
        for part in query.utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false) {
            items.append(try Self.item(part))
        }
    }

    private static func item(_ part: Substring.UTF8View) throws(Problem) -> Item {
        guard let equals = part.firstIndex(of: UInt8(ascii: "=")) else {
            return Item(name: try name(part), value: nil)
        }
        let name = try name(part[..<equals])
        let encoded = part[part.index(after: equals)...]
        guard !encoded.isEmpty else {
            throw .badRequest("The parameter \(PrintableText.quote(name)) is empty. Give it a value or leave it out.")
        }
        guard let value = decode(encoded) else {
            throw .badRequest(
                "The value of the parameter \(PrintableText.quote(name)) must be percent-encoded UTF-8 without control "
                    + "characters. Write % as %25.")
        }
        return Item(name: name, value: value)
    }

    private static func name(_ encoded: Substring.UTF8View) throws(Problem) -> String {
        guard !encoded.isEmpty else {
            throw .badRequest("The query has an empty parameter. Write ?name=value&name=value.")
        }
        guard let name = decode(encoded) else {
            throw .badRequest(
                "The name of a parameter must be percent-encoded UTF-8 without control characters. Write % as %25.")
        }
        return name
    }

    /// nil for an invalid escape, for control characters, and for bytes that are not UTF-8.
    private static func decode(_ encoded: Substring.UTF8View) -> String? {
        var bytes: [UInt8] = []
        var rest = encoded[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        return text.unicodeScalars.contains { $0.properties.generalCategory == .control } ? nil : text
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
