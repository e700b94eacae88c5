internal import Basics

/// JSON in the contract's form, written value by value, for documents that are written often: `JSONEncoder` takes ten
/// times as long, and while a page of a thousand connections is written, no other client of the admin is served.
///
/// The caller must write the members in the order of their names.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    mutating func object(_ members: (inout JSONWriter) -> Void) { enclose("{", "}", members) }

    mutating func array(_ elements: (inout JSONWriter) -> Void) { enclose("[", "]", elements) }

    /// An element of an array.
    mutating func element(_ value: (inout JSONWriter) -> Void) {
        separate()
        value(&self)
        needsComma = true
    }

    /// `name` must not need escaping.
    mutating func member(_ name: String, _ value: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes += name.utf8
        bytes += "\":".utf8
        value(&self)
        needsComma = true
    }

    /// nil is null.
    mutating func member(_ name: String, _ number: (some BinaryInteger)?) {
        member(name) { $0.bytes += (number.map { String($0) } ?? "null").utf8 }
    }

    mutating func member(_ name: String, _ numbers: [some BinaryInteger]) {
        member(name) { writer in
            writer.array { array in
                for number in numbers { array.element { $0.bytes += String(number).utf8 } }
            }
        }
    }

    /// nil is null.
    mutating func member(_ name: String, _ text: String?) {
        member(name) { writer in
            guard let text else { return writer.bytes += "null".utf8 }
            JSONString.append(text, to: &writer.bytes)
        }
    }

    private mutating func enclose(_ opening: Character, _ closing: Character, _ content: (inout JSONWriter) -> Void) {
        bytes += opening.utf8
        needsComma = false
        content(&self)
        bytes += closing.utf8
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
    }
}
