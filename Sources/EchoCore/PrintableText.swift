/// Text from outside for the eyes of a person: only the bytes 32 to 126 pass, the others and the escape character
/// itself become `\xNN`, so that a name can neither forge a line nor steer a terminal.
package enum PrintableText {
    /// Ends with three dots after `limit` bytes, or after the `\xNN` that passes them.
    package static func escape(_ text: String, limit: Int = .max) -> String {
        var escaped = ""
        for byte in text.utf8 {
            guard escaped.utf8.count < limit else { return escaped + "..." }
            if (32...126).contains(byte), byte != UInt8(ascii: "\\") {
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                escaped += byte < 16 ? "\\x0" : "\\x"
                escaped += String(byte, radix: 16)
            }
        }
        return escaped
    }

    /// In quotation marks and not longer than a person wants to see again in an error message.
    package static func quote(_ text: String, limit: Int = 80) -> String {
        "\"\(escape(text, limit: limit))\""
    }
}
