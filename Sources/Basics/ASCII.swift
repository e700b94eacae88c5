extension UInt8 {
    @inlinable package var isASCIIDigit: Bool { self &- 0x30 < 10 }

    @inlinable package var isASCIIAlphanumeric: Bool { isASCIIDigit || (self | 0x20) &- 0x61 < 26 }

    /// Whether the byte may be part of an HTTP token, such as a header name (RFC 9110, 5.6.2).
    package var isTokenByte: Bool { isASCIIAlphanumeric || "!#$%&'*+-.^_`|~".utf8.contains(self) }

    /// The bytes 32 to 126, which no terminal interprets as a command.
    @inlinable package var isPrintableASCII: Bool { self &- 32 < 95 }

    /// The same without the space.
    @inlinable package var isVisibleASCII: Bool { self &- 33 < 94 }

    /// The hexadecimal digit of a number below 16.
    @inlinable package static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

extension FixedWidthInteger {
    /// The number that ASCII digits spell; `init(_:)` would also take a sign. nil for anything else.
    package init?(digits text: some StringProtocol) {
        guard text.utf8.allSatisfy(\.isASCIIDigit) else { return nil }
        self.init(text)
    }
}

/// Makes text from outside safe for a person to read: only the bytes 32 to 126 pass, and all others and the escape
/// character itself become `\xNN`, so that a name can neither forge a line nor control a terminal.
package enum PrintableText {
    /// Ends with three dots after `limit` bytes, or after the `\xNN` that passes them.
    package static func escape(_ text: String, limit: Int = .max) -> String {
        escape(text.utf8, limit: limit)
    }

    package static func escape(_ bytes: some Sequence<UInt8>, limit: Int = .max) -> String {
        var escaped = ""
        for byte in bytes {
            guard escaped.utf8.count < limit else { return escaped + "..." }
            if byte.isPrintableASCII, byte != UInt8(ascii: "\\") {
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                escaped += byte < 16 ? "\\x0" : "\\x"
                escaped += String(byte, radix: 16)
            }
        }
        return escaped
    }

    /// Adds quotation marks, and cuts the text to a length that suits an error message.
    package static func quote(_ text: String, limit: Int = 80) -> String {
        "\"\(escape(text, limit: limit))\""
    }
}
