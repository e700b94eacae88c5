internal import FoundationEssentials

/// JSON as the contract has it: one line, keys sorted, slashes not escaped, and only the bytes 32 to 126, so that
/// nothing from outside can steer a terminal on which the answer is read.
enum JSONText {
    /// The document and a newline; nil for a value that JSON cannot hold, which none of ours is.
    static func encode(_ value: some Encodable) -> [UInt8]? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let document = try? encoder.encode(value) else { return nil }
        return escapingBeyondASCII(Array(document)) + [UInt8(ascii: "\n")]
    }

    /// What is not ASCII can only stand within a string, where `\uXXXX` means the same.
    private static func escapingBeyondASCII(_ document: [UInt8]) -> [UInt8] {
        guard document.contains(where: { $0 > 126 }) else { return document }
        var escaped: [UInt8] = []
        for unit in String(decoding: document, as: UTF8.self).utf16 {
            if unit <= 126 {
                escaped.append(UInt8(unit))
            } else {
                escaped.appendUnicodeEscape(unit)
            }
        }
        return escaped
    }
}

extension [UInt8] {
    /// `\u00e9`: what JSON writes for a code unit of UTF-16.
    mutating func appendUnicodeEscape(_ unit: UInt16) {
        let digits = String(unit, radix: 16).utf8
        append(contentsOf: #"\u"#.utf8)
        append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 4 - digits.count))
        append(contentsOf: digits)
    }
}

/// A value or an explicit `null`: a synthesized encoder leaves the key of a nil out, and the contract has every key.
struct Nullable<Value: Encodable & Sendable>: Encodable, Sendable {
    let value: Value?

    init(_ value: Value?) {
        self.value = value
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value {
            try container.encode(value)
        } else {
            try container.encodeNil()
        }
    }
}
