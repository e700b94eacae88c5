import Testing

@testable import Admin

@Suite("Forms of text")
struct TextFormsTests {
    @Test func json_isASCII_andMeansTheSame() throws {
        let bytes = try #require(JSONText.encode(["k/é": "\u{1f600}\n\"\u{7f}"]))
        #expect(String(decoding: bytes, as: UTF8.self) == #"{"k/\u00e9":"\ud83d\ude00\n\"\u007f"}"# + "\n")
    }
}
