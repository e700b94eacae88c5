internal import Basics
internal import FoundationEssentials

/// JSON as the contract defines it: one line, keys sorted, slashes not escaped, and only the bytes 32 to 126, so that
/// nothing from outside can steer a terminal on which the answer is read.
enum JSONText {
    /// The document and a newline; nil for a value that JSON cannot hold, which does not occur in an answer of echod.
    static func encode(_ value: some Encodable) -> [UInt8]? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let document = try? encoder.encode(value) else { return nil }
        return escapingBeyondASCII(Array(document)) + [UInt8(ascii: "\n")]
    }

    /// Characters beyond ASCII can only be inside a string, where `\uXXXX` means the same.
    private static func escapingBeyondASCII(_ document: [UInt8]) -> [UInt8] {
        guard document.contains(where: { $0 > 126 }) else { return document }
        var escaped: [UInt8] = []
        for scalar in String(decoding: document, as: UTF8.self).unicodeScalars {
            if scalar.value <= 126 {
                escaped.append(UInt8(ascii: scalar))
            } else {
                JSONString.append(scalar, to: &escaped)
            }
        }
        return escaped
    }
}
