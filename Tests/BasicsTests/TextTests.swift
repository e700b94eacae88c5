import Basics
import Testing

@Suite struct TextTests {
    @Test(
        arguments: [
            (Int64(0), "1970-01-01T00:00:00.000Z"), (1_795_262_400_000_000_000, "2026-11-21T12:00:00.000Z"),
            (951_782_399_999_999_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_123_999_999, "2000-02-29T00:00:00.123Z"),
            (1_798_761_599_001_000_000, "2026-12-31T23:59:59.001Z"),
            (4_107_542_399_999_000_000, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (Int64.max, "2262-04-11T23:47:16.854Z"), (Int64.min, "1677-09-21T00:12:43.145Z"),
        ])
    func timestamp_isRFC3339(nanoseconds: Int64, text: String) {
        #expect(Timestamp.text(unixNanoseconds: nanoseconds) == text)
    }

    @Test func printableText_letsOnlyPrintableASCIIPass() {
        let all = (0...255).map { UInt8($0) }
        for byte in all {
            let text = String(decoding: [byte], as: UTF8.self)
            #expect(PrintableText.escape(text).utf8.allSatisfy { (32...126).contains($0) })
        }
        #expect(PrintableText.escape("a b~\\\t\u{202e}") == #"a b~\x5c\x09\xe2\x80\xae"#)
        #expect(PrintableText.quote(String(repeating: "x", count: 1_000_000)).utf8.count < 100)
    }

    @Test(arguments: [
        ("plain", #""plain""#), ("", #""""#), ("\"\\", #""\"\\""#), ("/\n\u{7f}~", #""/\u000a\u007f~""#),
        ("\u{e9}\u{1f600}", #""\u00e9\ud83d\ude00""#),
    ])
    func jsonString_isASCII(text: String, expected: String) {
        var bytes: [UInt8] = []
        JSONString.append(text, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    @Test func digits_areReadWithoutSignAndInRange() {
        #expect(UInt8(digits: "0255") == 255)
        for text in ["", "256", "+1", "-1", " 1", "1a", "\u{661}"] { #expect(UInt8(digits: text) == nil) }
    }

    @Test func bytes_areOfTheirClass() {
        let all = (0...255).map { UInt8($0) }
        #expect(all.filter(\.isASCIIDigit) == Array("0123456789".utf8))
        #expect(all.filter(\.isASCIIAlphanumeric).count == 62)
        #expect(all.filter(\.isTokenByte).count == 77)
        #expect(all.filter(\.isVisibleASCII) == Array(33...126))
        #expect(all.filter(\.isPrintableASCII) == Array(32...126))
    }
}
