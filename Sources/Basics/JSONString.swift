/// JSON strings (RFC 8259, section 7) in printable ASCII, so that nothing from outside can control a terminal that
/// shows them. Every other character is written `\uXXXX`.
package enum JSONString {
    /// Appends the text in quotation marks.
    package static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.allSatisfy(isPlain) {
            bytes += text.utf8
        } else {
            for scalar in text.unicodeScalars { append(scalar, to: &bytes) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends one character as it is written inside the quotation marks; one beyond the basic plane becomes a pair of
    /// escapes.
    package static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
        switch scalar {
        case "\"", "\\": bytes += [UInt8(ascii: "\\"), UInt8(ascii: scalar)]
        case " "..."~": bytes.append(UInt8(ascii: scalar))
        default:
            for unit in scalar.utf16 {
                bytes += [UInt8(ascii: "\\"), UInt8(ascii: "u")]
                for shift in stride(from: 12, through: 0, by: -4) {
                    bytes.append(UInt8.hexDigit(UInt8(truncatingIfNeeded: unit >> shift) & 15))
                }
            }
        }
    }

    /// Whether the byte is written as it is.
    @inlinable package static func isPlain(_ byte: UInt8) -> Bool {
        byte.isPrintableASCII && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
}
