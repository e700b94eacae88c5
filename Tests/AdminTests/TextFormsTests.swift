import EchoCore
import Testing

@testable import Admin

@Suite("Forms of text")
struct TextFormsTests {
    @Test(
        arguments: [
            (Int64(0), "1970-01-01T00:00:00.000Z"), (1_795_262_400_000_000_000, "2026-11-21T12:00:00.000Z"),
            (951_782_400_123_999_999, "2000-02-29T00:00:00.123Z"),
            (4_107_542_399_999_000_000, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (Int64.max, "2262-04-11T23:47:16.854Z"), (Int64.min, "1677-09-21T00:12:43.145Z"),
        ])
    func timestamp_isRFC3339(nanoseconds: Int64, text: String) {
        #expect(Timestamp.rfc3339(unixNanoseconds: nanoseconds) == text)
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

    @Test func json_isASCII_andMeansTheSame() throws {
        let bytes = try #require(JSONText.encode(["k/é": "\u{1f600}\n\"\u{7f}"]))
        #expect(String(decoding: bytes, as: UTF8.self) == #"{"k/\u00e9":"\ud83d\ude00\n\"\u007f"}"# + "\n")
    }

    @Test(
        arguments: [
            (Duration.milliseconds(80), "80ms"), (.seconds(9), "9s"), (.seconds(125), "2m05s"),
            (.seconds(12_000), "3h20m"),
            (.seconds(367_200), "4d06h"), (.seconds(-1), "0ms"),
        ])
    func span_hasTwoUnitsAtMost(duration: Duration, text: String) {
        #expect(DurationFormat.span(duration) == text)
    }
}
