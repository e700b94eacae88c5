import Testing
import Wire

@testable import EchoServer

@Suite struct ShardCountersTests {
    @Test func everyReasonIsCountedApartAndInTheSum() {
        let counters = ShardCounters()
        for (index, reason) in CloseReason.allCases.enumerated() {
            for _ in 0...index { counters.countEnd(reason) }
        }
        for (index, reason) in CloseReason.allCases.enumerated() {
            #expect(counters.ended(reason) == UInt64(index + 1))
        }
        #expect(counters.ended == 66)
    }
}
