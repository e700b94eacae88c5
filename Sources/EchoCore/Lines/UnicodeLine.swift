/// A line that holds bytes beyond ASCII. The standard library knows UTF-8 and case; this code answers the common
/// questions itself, because asking the library costs some 40 ns each time.
enum UnicodeLine {
    /// Appends the answer to `line` (which has no `\n`): stripped at both ends, upper-cased, followed by a `\n`.
    /// Returns false, and appends nothing, if the line is not valid UTF-8; surrogates, overlong forms and anything past
    /// U+10FFFF are not valid.
    static func appendAnswer(to line: Span<UInt8>, into output: inout [UInt8]) -> Bool {
        guard let text = try? UTF8Span(validating: line) else { return false }
        appendUppercased(line.extracting(stripped(text)), to: &output)
        output.append(ASCIIBytes.newline)
        return true
    }

    /// Python's `str.strip` set (contract.md, section 2). It is Unicode's White_Space and U+001C–001F.
    static func isWhitespace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// Whether `scalar` is in one of several large blocks without case: the scripts of India and of South East Asia,
    /// punctuation, ideographs, Hangul, emoji. A test checks against the standard library that this is still so.
    static func isInCaselessBlock(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0800...0x109F, 0x2000...0x2100, 0x2E80...0xA63F, 0xAC00...0xFAFF, 0x1F000...0x10FFFF: true
        default: false
        }
    }

    private static func stripped(_ text: UTF8Span) -> Range<Int> {
        var scalars = text.makeUnicodeScalarIterator()
        var start = 0
        while let scalar = scalars.next(), isWhitespace(scalar) {
            start = scalars.currentCodeUnitOffset
        }
        scalars.reset(roundingBackwardsFrom: text.count)
        var end = text.count
        while end > start, let scalar = scalars.previous(), isWhitespace(scalar) {
            end = scalars.currentCodeUnitOffset
        }
        return start..<end
    }

    /// `text` is valid UTF-8, and its ASCII letters are upper-case already.
    private static func appendUppercased(_ text: Span<UInt8>, to output: inout [UInt8]) {
        var offset = 0
        while offset < text.count {
            let lead = text[offset]
            if lead < 0x80 {
                output.append(lead)
                offset &+= 1
            } else if lead < 0xE0 {
                TwoByteUppercase.append(lead, text[offset &+ 1], to: &output)
                offset &+= 2
            } else {
                let length = lead < 0xF0 ? 3 : 4
                appendUppercasedScalar(of: text.extracting(offset..<offset &+ length), to: &output)
                offset &+= length
            }
        }
    }

    /// `bytes` are the three or four bytes of one code point.
    private static func appendUppercasedScalar(of bytes: Span<UInt8>, to output: inout [UInt8]) {
        var value = UInt32(bytes[0]) & (bytes.count == 3 ? 0x0F : 0x07)
        for index in 1..<bytes.count { value = value &<< 6 | UInt32(bytes[index] & 0x3F) }
        guard let scalar = Unicode.Scalar(value), !isInCaselessBlock(scalar) else {
            for index in bytes.indices { output.append(bytes[index]) }
            return
        }
        output.append(contentsOf: scalar.properties.uppercaseMapping.utf8)
    }
}

/// The upper case of what UTF-8 encodes in two bytes, U+0080 to U+07FF: Latin, Greek, Cyrillic, Armenian and others.
private enum TwoByteUppercase {
    /// An entry is the UTF-8 of the mapping, first byte lowest, zeroes above it; six bytes at most. 15 KiB in all,
    /// built when the first such character arrives.
    private static let mappings: [UInt64] = (UInt32(0x80)..<0x800).map { value in
        guard let scalar = Unicode.Scalar(value) else { return 0 }
        return scalar.properties.uppercaseMapping.utf8.reversed().reduce(0) { $0 &<< 8 | UInt64($1) }
    }

    static func append(_ lead: UInt8, _ trail: UInt8, to output: inout [UInt8]) {
        let value = Int(lead & 0x1F) &<< 6 | Int(trail & 0x3F)
        var bytes = mappings[value &- 0x80]
        while bytes != 0 {
            output.append(UInt8(truncatingIfNeeded: bytes))
            bytes &>>= 8
        }
    }
}
