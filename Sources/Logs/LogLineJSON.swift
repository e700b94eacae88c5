internal import Basics
internal import Logging

// The JSON format: one object on a line, `time`, `level` and `message` first, then the metadata by key. Pure ASCII:
// other characters are written `\uXXXX`, and a line that is cut for its length is still valid JSON.
extension LogLine {
    static func json(
        time: Int64, level: Logger.Level, message: String, metadata: [(key: String, value: Logger.MetadataValue)]
    ) -> [UInt8] {
        // Reserves room for a closing quote and the longest end.
        var line = LogLine(reserving: 20)
        line.append("{\"time\":\"")
        line.append(timestamp: time)
        line.append("\",\"level\":\"")
        line.append(contentsOf: level.rawValue.utf8)
        line.append("\",\"message\":")
        line.appendString(message)
        for (key, value) in metadata where !line.isFull {
            let start = line.bytes.count
            line.append(UInt8(ascii: ","))
            line.appendWhole(isReserved(key) ? key + "_" : key)
            line.append(UInt8(ascii: ":"))
            if !line.isFull, line.appendValue(value) { continue }
            line.rollBack(to: start)
        }
        line.end(with: line.isFull ? ",\"truncated\":true}\n" : "}\n")
        return line.bytes
    }

    /// The keys of the line itself: metadata under these names gets a `_`, since a key must not occur twice.
    private static func isReserved(_ key: String) -> Bool {
        key == "time" || key == "level" || key == "message" || key == "truncated"
    }

    /// Returns false if the value did not fit and must be removed; a string is cut instead.
    private mutating func appendValue(_ value: Logger.MetadataValue) -> Bool {
        switch value {
        case .string(let text):
            return appendString(text)
        // Not `as any BinaryInteger`, which looks a conformance up for each value: ten times the cost.
        case .stringConvertible(let number as Int):
            append(contentsOf: number.description.utf8)
        case .stringConvertible(let number as UInt64):
            append(contentsOf: number.description.utf8)
        case .stringConvertible(let flag as Bool):
            append(flag ? "true" : "false")
        case .stringConvertible(let other):
            return appendString(other.description)
        case .array(let values):
            append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { append(UInt8(ascii: ",")) }
                guard appendValue(value) else { return false }
            }
            append(UInt8(ascii: "]"))
        case .dictionary(let values):
            append(UInt8(ascii: "{"))
            for (index, member) in values.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { append(UInt8(ascii: ",")) }
                appendWhole(member.key)
                append(UInt8(ascii: ":"))
                guard appendValue(member.value) else { return false }
            }
            append(UInt8(ascii: "}"))
        }
        return !isFull
    }

    /// Appends a string whose end may be missing. Returns false if not even its first quote fitted.
    @discardableResult
    private mutating func appendString(_ text: String) -> Bool {
        append(UInt8(ascii: "\""))
        guard !isFull else { return false }
        appendCharacters(text)
        end(with: "\"")
        return true
    }

    private mutating func appendWhole(_ text: String) {
        append(UInt8(ascii: "\""))
        appendCharacters(text)
        append(UInt8(ascii: "\""))
    }

    private mutating func appendCharacters(_ text: String) {
        var text = text
        let isDone = text.withUTF8 { utf8 in
            guard utf8.allSatisfy(JSONString.isPlain) else { return false }
            append(prefixOf: utf8)
            return true
        }
        if isDone { return }
        var character: [UInt8] = []
        for scalar in text.unicodeScalars {
            character.removeAll(keepingCapacity: true)
            JSONString.append(scalar, to: &character)
            append(contentsOf: character)
        }
    }
}
