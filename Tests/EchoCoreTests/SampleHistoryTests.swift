import Basics
import Testing

@testable import EchoCore

@Suite("History of samples")
struct SampleHistoryTests {
    private static func second(_ uptime: Double) -> Duration { .milliseconds(Int64(1000 * uptime)) }

    /// Counters that tell the number of lines by which they differ.
    private static func sample(_ uptime: Double, active: Int = 0, lines: UInt64 = 0) -> ServiceSample {
        ServiceSample(
            uptime: second(uptime), active: active, lines: lines, received: 10 * lines, sent: 10 * lines)
    }

    private func uptimes(_ samples: [ServiceSample]) -> [Double] {
        samples.map { Double($0.uptime.inMilliseconds) / 1000 }
    }

    @Test func aNewProcess_hasTheBeginning() {
        #expect(SampleHistory().recent(at: .milliseconds(900)) == [Self.sample(0)])
    }

    @Test func withoutClients_nothingIsDue_andTheCountersStay() {
        #expect(SampleHistory().recent(at: Self.second(3.5)) == [0, 1, 2, 3].map { Self.sample($0) })
    }

    @Test func withClients_aSampleIsDueEachSecond() {
        var history = SampleHistory()
        #expect(history.clientCame(at: Self.second(0.3)) == .seconds(1))
        #expect(history.record(Self.sample(1, active: 2, lines: 5)) == .seconds(2))
        #expect(history.clientCame(at: Self.second(1.5)) == nil)
        #expect(history.record(Self.sample(2, active: 3, lines: 9)) == .seconds(3))
        let expected = [Self.sample(0), Self.sample(1, active: 2, lines: 5), Self.sample(2, active: 3, lines: 9)]
        // Nobody knows what came after the last sample.
        #expect(history.recent(at: .seconds(60)) == expected)
    }

    @Test func theLastClientsEnd_isRecorded_andThenNothingIsDue() {
        var history = SampleHistory()
        _ = history.clientCame(at: .zero)
        _ = history.record(Self.sample(1, active: 1, lines: 5))
        #expect(history.record(Self.sample(2, lines: 7)) == nil)
        let pause = [3, 4].map { Self.sample($0, lines: 7) }
        #expect(history.recent(at: Self.second(4.9)).suffix(3) == [Self.sample(2, lines: 7)] + pause)
    }

    @Test func aClientAfterAPause_endsTheFlatLineWhereItCame() {
        var history = SampleHistory()
        #expect(history.clientCame(at: Self.second(7.5)) == Self.second(8.5))
        #expect(history.record(Self.sample(8.5, lines: 1)) == nil)
        let recent = history.recent(at: Self.second(9.4))
        #expect(uptimes(recent) == [0, 1, 2, 3, 4, 5, 6, 7.5, 8.5])
        #expect(recent.map(\.lines) == [0, 0, 0, 0, 0, 0, 0, 0, 1])
    }

    @Test func shortConnectionsOneAfterTheOther_areSampledOnceASecond() {
        var history = SampleHistory()
        var due: Duration?
        for tick in 1...40 {
            let uptime = Self.second(0.25 * Double(tick))
            if let time = due, time <= uptime {
                due = history.record(ServiceSample(uptime: uptime, lines: UInt64(tick)))
            }
            if let time = history.clientCame(at: uptime) { due = time }
        }
        let recent = history.recent(at: .seconds(10))
        #expect(uptimes(recent) == Array(0...10).map(Double.init))
        #expect(recent.map(\.lines) == Array(0...10).map { 4 * $0 })
    }

    @Test func fiveMinutesAreKept_andNoMore() {
        var history = SampleHistory()
        _ = history.clientCame(at: .zero)
        // As late as a timer of a busy loop.
        for tick in 1...1000 { _ = history.record(Self.sample(1.01 * Double(tick), active: 1, lines: UInt64(tick))) }
        let recent = history.recent(at: Self.second(1010))
        #expect(uptimes(recent).first.map { $0 >= 710 && $0 < 711.01 } == true)
        #expect(recent.last == Self.sample(1010, active: 1, lines: 1000))
    }

    @Test func aPauseLongerThanFiveMinutes_isOneFlatLine() {
        var history = SampleHistory()
        _ = history.clientCame(at: .zero)
        _ = history.record(Self.sample(1, active: 1, lines: 5))
        _ = history.record(Self.sample(2, lines: 7))
        let recent = history.recent(at: .seconds(86_400))
        #expect(uptimes(recent) == Array(86_100...86_400).map(Double.init))
        #expect(recent.allSatisfy { $0.lines == 7 && $0.active == 0 })
        // A pause that began before the span and ended in it.
        _ = history.clientCame(at: .seconds(86_400))
        _ = history.record(Self.sample(86_401, active: 1, lines: 8))
        let later = history.recent(at: .seconds(86_401))
        #expect(uptimes(later) == Array(86_101...86_401).map(Double.init))
        #expect(later.map(\.lines) == Array(repeating: 7, count: 300) + [8])
    }

    @Test func aTimeInWhichTheProcessStoodStill_isNotFilled() {
        var history = SampleHistory()
        _ = history.clientCame(at: .zero)
        _ = history.record(Self.sample(1, active: 1, lines: 5))
        _ = history.record(Self.sample(31, active: 1, lines: 5))
        _ = history.record(Self.sample(61, lines: 6))
        #expect(uptimes(history.recent(at: .seconds(61))) == [0, 1, 31, 61])
    }
}
