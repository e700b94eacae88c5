import Logging
import Testing

@testable import Logs

/// 2026-11-21T12:00:00.123Z
private let noon: Int64 = 1_795_262_400_123_456_789

private func text(_ message: String, _ metadata: [(key: String, value: Logger.MetadataValue)] = []) -> String {
    String(decoding: LogLine.text(time: noon, level: .info, message: message, metadata: metadata), as: UTF8.self)
}

private func json(_ message: String, _ metadata: [(key: String, value: Logger.MetadataValue)] = []) -> String {
    String(decoding: LogLine.json(time: noon, level: .info, message: message, metadata: metadata), as: UTF8.self)
}

@Suite struct LogLineTests {
    @Test func text_readsAsAnOperatorExpects() {
        let line = text("serving", [("admin", "127.0.0.1:8889"), ("listen", ["127.0.0.1:8888", "[::1]:8888"])])
        let expected = "2026-11-21T12:00:00.123Z info  serving admin=127.0.0.1:8889 listen=127.0.0.1:8888,[::1]:8888\n"
        #expect(line == expected)
    }

    @Test(arguments: [
        ("plain", "plain"), ("", "\"\""), ("a b", "\"a b\""), ("a=b", "\"a=b\""),
        ("\"\\", "\"\\\"\\\\\""), ("a\nb", "a\\x0ab"), ("\u{1B}[2J", "\\x1b[2J"),
        ("\u{7F}~", "\\x7f~"), ("é", "\\xc3\\xa9"), ("\u{85} ", "\"\\xc2\\x85 \""),
    ])
    func text_escapesValues(value: String, expected: String) {
        #expect(text("m", [("k", "\(value)")]).hasSuffix(" m k=\(expected)\n"))
    }

    @Test func text_escapesMessagesAndKeys() {
        #expect(text("a\nb c").hasSuffix(" info  a\\x0ab c\n"))
        #expect(text("m", [("a b", "c")]).hasSuffix(" m \"a b\"=c\n"))
    }

    @Test func everyByte_isPrintableOrEscaped() {
        let all = String(decoding: (0...255).map { UInt8($0) }, as: UTF8.self)
        for line in [text(all, [("k", "\(all)")]), json(all, [("k", "\(all)")])] {
            #expect(line.utf8.dropLast().allSatisfy { (32...126).contains($0) })
            #expect(line.utf8.last == 10)
        }
    }

    @Test func json_isOneObject() {
        let line = json(
            "serving", [("count", .stringConvertible(3)), ("flag", .stringConvertible(true)), ("listen", ["a", "b"])])
        let expected =
            #"{"time":"2026-11-21T12:00:00.123Z","level":"info","message":"serving","#
            + #""count":3,"flag":true,"listen":["a","b"]}"# + "\n"
        #expect(line == expected)
    }

    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("\"\\/", #"\"\\/"#), ("a\nb\u{0}", #"a\u000ab\u0000"#),
        ("é\u{7F}", #"\u00e9\u007f"#), ("😀", #"\ud83d\ude00"#),
    ])
    func json_escapesValues(value: String, expected: String) {
        #expect(json("m", [("k", "\(value)")]).hasSuffix(#""message":"m","k":"\#(expected)"}"# + "\n"))
        #expect(json("m", [("\(value)k", "v")]).hasSuffix(#""\#(expected)k":"v"}"# + "\n"))
    }

    @Test func json_nestsDictionaries() {
        #expect(json("m", [("k", ["b": "2", "a": ["1"]])]).hasSuffix(#","k":{"a":["1"],"b":"2"}}"# + "\n"))
    }

    @Test func json_doesNotRepeatItsOwnKeys() {
        #expect(json("m", [("level", "debug")]).hasSuffix(#""message":"m","level_":"debug"}"# + "\n"))
    }

    /// Around the limit every length is tried: an escape at the edge is kept whole or left out.
    @Test(arguments: ["a", "\n", "\"", "é", "😀"]) func longLines_areCut(unit: String) {
        for length in 4000...4096 {
            let long = String(repeating: "b", count: length) + String(repeating: unit, count: 30)
            let asValue = text("m", [("k", "\(long)")])
            let asMessage = json(long, [("k", "v"), ("l", ["\(long)"])])
            let asKey = json("m", [("a", "\(long)"), (long, "v"), ("z", "v")])
            for line in [asValue, asMessage, asKey] {
                #expect(line.utf8.count <= 4096 && line.hasSuffix("\n"))
            }
            #expect(asValue.utf8.count <= 4093 || asValue.hasSuffix("...\n"))
            #expect(isObject(asMessage), "\(asMessage.suffix(60))")
            #expect(isObject(asKey), "\(asKey.suffix(60))")
        }
    }

    /// Enough of JSON's grammar for a line: strings closed, brackets balanced, one object.
    private func isObject(_ line: String) -> Bool {
        var depth = 0
        var inString = false
        var bytes = line.utf8.dropLast()
        while let byte = bytes.popFirst() {
            switch (byte, inString) {
            case (UInt8(ascii: "\\"), true):
                guard let kind = bytes.popFirst() else { return false }
                if kind == UInt8(ascii: "u") { bytes = bytes.dropFirst(4) }
            case (UInt8(ascii: "\""), _): inString.toggle()
            case (UInt8(ascii: "{"), false), (UInt8(ascii: "["), false): depth += 1
            case (UInt8(ascii: "}"), false), (UInt8(ascii: "]"), false): depth -= 1
            default: break
            }
            if depth == 0 { return bytes.isEmpty && !inString }
        }
        return false
    }
}
