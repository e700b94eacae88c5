/// Reads one JSON object of plain values: RFC 8259 with comments (`//` to the end of the line, `/* */`) and with a
/// comma allowed after the last item.
///
/// Not `JSONDecoder`: that silently takes the first of two equal keys, and cannot tell the line of a value.
struct CommentedJSON {
    struct Entry: Hashable {
        var key: String
        var value: Value
        /// The line of the key, counted from 1.
        var line: Int
    }

    /// Numbers are kept as written: the option checks them.
    enum Value: Hashable {
        case string(String)
        case number(String)
        case boolean(Bool)
        case null
        case list([Value])
    }

    struct Failure: Error, Hashable {
        var line: Int
        var problem: String
    }

    private let bytes: [UInt8]
    private var position = 0
    private var line = 1

    /// The items of the object in their order, no key twice.
    static func entries(_ content: [UInt8]) throws(Failure) -> [Entry] {
        guard String(validating: content, as: UTF8.self) != nil else {
            throw Failure(line: 1, problem: "the file is not UTF-8 text")
        }
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var scanner = CommentedJSON(bytes: content.starts(with: byteOrderMark) ? Array(content.dropFirst(3)) : content)
        let entries = try scanner.object()
        try scanner.skipBlanks()
        guard scanner.next == nil else { throw scanner.failure("unexpected text after the closing }") }
        return entries
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func object() throws(Failure) -> [Entry] {
        try skipBlanks()
        try expect("{", "expected {")
        var entries: [Entry] = []
        // A file may have a hundred thousand keys: searching all earlier keys for each one would take half a minute.
        var lines: [String: Int] = [:]
        while try !closes("}") {
            guard next == UInt8(ascii: "\"") else {
                throw failure("expected a key in double quotation marks, or }")
            }
            let line = line
            let key = try string()
            if let before = lines.updateValue(line, forKey: key) {
                throw Failure(line: line, problem: "the key \"\(key)\" is already in line \(before)")
            }
            try skipBlanks()
            try expect(":", "expected a colon")
            try skipBlanks()
            entries.append(Entry(key: key, value: try value(), line: line))
            try skipComma(before: "}")
        }
        return entries
    }

    private mutating func value() throws(Failure) -> Value {
        guard next == UInt8(ascii: "[") else { return try scalar() }
        position += 1
        var items: [Value] = []
        while try !closes("]") {
            items.append(try scalar())
            try skipComma(before: "]")
        }
        return .list(items)
    }

    private mutating func scalar() throws(Failure) -> Value {
        switch next {
        case nil: throw failure("unexpected end of the file")
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"), UInt8(ascii: "["): throw failure("an object or a list is not allowed here")
        default: return try word()
        }
    }

    /// A value without quotation marks.
    private mutating func word() throws(Failure) -> Value {
        let start = position
        while let byte = next, Self.isWordByte(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        switch text {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "null": return .null
        case "": throw failure("expected a value; a string needs double quotation marks")
        default:
            let isNumber = text.utf8.allSatisfy { $0 < 0x3A || $0 | 0x20 == UInt8(ascii: "e") } && Double(text) != nil
            guard isNumber else { throw failure("a string needs double quotation marks: write \"\(text)\"") }
            return .number(text)
        }
    }

    /// Letters, digits and the other characters of numbers, durations and addresses, so that the advice names the whole
    /// word.
    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x3A, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }
}

// Strings.
extension CommentedJSON {
    private mutating func string() throws(Failure) -> String {
        let start = line
        position += 1
        var units: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
            case UInt8(ascii: "\\"): units += Array(String(try escaped()).utf8)
            case 0..<32: throw failure("a string cannot contain a control character or the end of the line")
            default: units.append(byte)
            }
        }
        throw Failure(line: start, problem: "the closing quotation mark is missing")
    }

    private mutating func escaped() throws(Failure) -> Unicode.Scalar {
        guard let byte = next else { throw failure("the closing quotation mark is missing") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try escapedScalar()
        default: throw failure("unknown escape; write a backslash as \\\\")
        }
    }

    /// `\u00e9`, or two of them for a character beyond 16 bits.
    private mutating func escapedScalar() throws(Failure) -> Unicode.Scalar {
        var units = [try codeUnit()]
        if UTF16.isLeadSurrogate(units[0]), bytes[position...].starts(with: Array("\\u".utf8)) {
            position += 2
            units.append(try codeUnit())
        }
        let text = String(validating: units, as: UTF16.self)
        guard let scalar = text?.unicodeScalars.first, text?.unicodeScalars.count == 1 else {
            throw failure("a \\u escape is an unpaired surrogate")
        }
        return scalar
    }

    private mutating func codeUnit() throws(Failure) -> UInt16 {
        let digits = bytes[position...].prefix(4)
        let areDigits = digits.allSatisfy { Unicode.Scalar($0).properties.isASCIIHexDigit }
        guard digits.count == 4, areDigits, let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16) else {
            throw failure("\\u needs four hexadecimal digits")
        }
        position += 4
        return unit
    }
}

// Between values.
extension CommentedJSON {
    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func failure(_ problem: String) -> Failure { Failure(line: line, problem: problem) }

    private mutating func expect(_ character: Unicode.Scalar, _ problem: String) throws(Failure) {
        guard next == UInt8(ascii: character) else { throw failure(problem) }
        position += 1
    }

    /// Passes the closing bracket, if it is next.
    private mutating func closes(_ bracket: Unicode.Scalar) throws(Failure) -> Bool {
        try skipBlanks()
        guard next == UInt8(ascii: bracket) else { return false }
        position += 1
        return true
    }

    private mutating func skipComma(before bracket: Unicode.Scalar) throws(Failure) {
        try skipBlanks()
        if next == UInt8(ascii: ",") {
            position += 1
        } else if next != UInt8(ascii: bracket) {
            throw failure("expected a comma or \(bracket)")
        }
    }

    private mutating func skipBlanks() throws(Failure) {
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                position += 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): position += 1
            case UInt8(ascii: "/"): try skipComment()
            default: return
            }
        }
    }

    private mutating func skipComment() throws(Failure) {
        let start = line
        switch position + 1 < bytes.count ? bytes[position + 1] : 0 {
        case UInt8(ascii: "/"):
            while let byte = next, byte != UInt8(ascii: "\n") { position += 1 }
        case UInt8(ascii: "*"):
            position += 2
            while let byte = next {
                if bytes[position...].starts(with: Array("*/".utf8)) {
                    position += 2
                    return
                }
                if byte == UInt8(ascii: "\n") { line += 1 }
                position += 1
            }
            throw Failure(line: start, problem: "this comment has no end: */ is missing")
        default: throw failure("a comment begins with // or /*")
        }
    }
}
