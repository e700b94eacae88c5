internal import Basics
internal import Logging

// The text format: `2026-11-21T12:00:00.123Z info  serving listen=127.0.0.1:8888`.
// Bytes outside 32...126 are written `\xNN`: no input may move a cursor or begin a line.
extension LogLine {
    static func text(
        time: Int64, level: Logger.Level, message: String, metadata: [(key: String, value: Logger.MetadataValue)]
    ) -> [UInt8] {
        var line = LogLine(reserving: 4)
        line.append(timestamp: time)
        line.append(UInt8(ascii: " "))
        line.append(paddedLevel(level))
        line.appendEscaped(message)
        for (key, value) in metadata {
            line.append(UInt8(ascii: " "))
            line.appendWord(key)
            line.append(UInt8(ascii: "="))
            line.appendWord(plain(value))
        }
        line.end(with: line.isFull ? "...\n" : "\n")
        return line.bytes
    }

    /// Five columns suit the usual levels.
    private static func paddedLevel(_ level: Logger.Level) -> StaticString {
        switch level {
        case .trace: "trace "
        case .debug: "debug "
        case .info: "info  "
        case .notice: "notice "
        case .warning: "warning "
        case .error: "error "
        case .critical: "critical "
        }
    }

    private mutating func appendEscaped(_ text: String) {
        var text = text
        text.withUTF8 { appendEscaped($0) }
    }

    private mutating func appendEscaped(_ utf8: UnsafeBufferPointer<UInt8>) {
        if utf8.allSatisfy(\.isPrintableASCII) { return append(prefixOf: utf8) }
        for byte in utf8 { byte.isPrintableASCII ? append(byte) : appendHex(byte) }
    }

    /// A list is written as on the command line: `listen=127.0.0.1:8888,[::1]:8888`.
    private static func plain(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): text
        case .stringConvertible(let value): value.description
        case .array(let values): values.map(plain).joined(separator: ",")
        case .dictionary: value.description
        }
    }

    /// Adds quotes if a reader could not tell where the word ends.
    private mutating func appendWord(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            utf8.isEmpty || utf8.contains(where: Self.isSpecial) ? appendQuoted(utf8) : appendEscaped(utf8)
        }
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\""), UInt8(ascii: "="), UInt8(ascii: "\\"): true
        default: false
        }
    }

    private mutating func appendQuoted(_ utf8: UnsafeBufferPointer<UInt8>) {
        append(UInt8(ascii: "\""))
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case _ where byte.isPrintableASCII: append(byte)
            default: appendHex(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func appendHex(_ byte: UInt8) {
        append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "x"), .hexDigit(byte >> 4), .hexDigit(byte & 15)])
    }
}
