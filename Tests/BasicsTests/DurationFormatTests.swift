import Basics
import Testing

@Suite("Durations as people write them")
struct DurationFormatTests {
    @Test(
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("20s", .seconds(20)), ("2m", .seconds(120)), ("1h", .seconds(3600)),
            ("0s", .zero), ("0ms", .zero), ("007s", .seconds(7)), ("24h", .seconds(86_400)),
            ("9223372036s", .seconds(9_223_372_036)),
        ])
    func parse_reads(text: String, duration: Duration) throws {
        #expect(try DurationFormat.parse(text) == duration)
    }

    @Test(
        arguments: [
            ("20", "write 20s"), ("0", "write 0s"), (String(repeating: "9", count: 40), "needs a unit"),
            ("1.5s", "write 1500ms"), (".5s", "not a duration"), ("1,5s", "whole number"), ("1h30m", "write 90m, not"),
            ("1m30s", "write 90s, not 1m30s"),
            ("20S", "write 20s"), ("20MS", "write 20ms"), ("20sec", "the unit must be"), ("20us", "the unit must be"),
            ("20 s", "the unit must be"), (" 20s", "not a duration"), ("20s ", "the unit must be"),
            ("+20s", "not a duration"), ("-20s", "not a duration"), ("", "not a duration"), ("s", "not a duration"),
            ("forever", "not a duration"), ("٢s", "not a duration"), ("2٢s", "the unit must be"),
            ("2e\u{301}", "the unit must be"), ("9223372037s", "too long"), ("99999999999999999999s", "too long"),
        ])
    func parse_refuses(text: String, hint: String) {
        #expect {
            try DurationFormat.parse(text)
        } throws: { error in
            "\(error)".contains(hint)
        }
    }

    @Test(
        arguments: [
            (Duration.zero, "0s"), (.milliseconds(1), "1ms"), (.milliseconds(1500), "1500ms"), (.seconds(20), "20s"),
            (.seconds(90), "90s"), (.seconds(120), "2m"), (.seconds(86_400), "24h"), (.microseconds(999), "0s"),
        ])
    func print_writesTheLargestWholeUnit(duration: Duration, text: String) {
        #expect(DurationFormat.print(duration) == text)
    }

    @Test func parse_readsWhatPrintWrites() throws {
        for milliseconds: Int64 in [0, 1, 999, 1000, 1001, 59_999, 60_000, 3_600_000, 3_601_000, 86_400_000] {
            let duration = Duration.milliseconds(milliseconds)
            #expect(try DurationFormat.parse(DurationFormat.print(duration)) == duration)
        }
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
