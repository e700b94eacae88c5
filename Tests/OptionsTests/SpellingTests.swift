import Testing

@testable import Options

@Suite struct SpellingTests {
    private let words = ServeTable(.ofThisProcess()).all.map(\.text.name)

    @Test(
        arguments: [
            ("drain-timout", "drain-timeout"), ("draintimeout", "drain-timeout"), ("modes", "mode"),
            ("llsten", "listen"),
            ("loop", "loops"), ("log_level", "log-level"), ("amin", "admin"),
        ])
    func slip_isRecognised(word: String, meant: String) {
        #expect(Spelling.nearest(to: word, among: words) == meant)
    }

    @Test(arguments: ["bogus", "", "x", "verbose", "port", String(repeating: "drain-timeout", count: 1000)])
    func somethingElse_isNoSlip(word: String) {
        #expect(Spelling.nearest(to: word, among: words) == nil)
    }

    @Test func distance_countsChanges() {
        #expect(Spelling.distance("kitten", "sitting") == 3)
        #expect(Spelling.distance("", "abc") == 3 && Spelling.distance("abc", "") == 3)
        #expect(Spelling.distance("same", "same") == 0)
    }
}
