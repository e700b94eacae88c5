import Testing

@testable import EventLoops

@Suite struct TimerQueueTests {
    @Test func dueTimersComeInTheOrderOfTheirDeadlines() {
        var queue = TimerQueue()
        for (slot, deadline) in [(0, 30), (1, 10), (2, 20), (3, 40)] { queue.set(slot, to: Int64(deadline)) }
        #expect(queue.earliest == 10)
        #expect(queue.popDue(at: 35) == 1)
        #expect(queue.popDue(at: 35) == 2)
        #expect(queue.popDue(at: 35) == 0)
        #expect(queue.popDue(at: 35) == nil)
        #expect(queue.earliest == 40)
    }

    @Test func randomSettingsAgreeWithADictionary() {
        var random = SystemRandomNumberGenerator()
        var queue = TimerQueue()
        var model: [Int: Int64] = [:]
        for _ in 0..<20_000 {
            let slot = Int.random(in: 0..<50, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                queue.set(slot, to: nil)
                model[slot] = nil
            case 1:
                let now = Int64.random(in: 0..<1_000, using: &random)
                let due = queue.popDue(at: now)
                let earliest = model.values.min()
                #expect((due != nil) == (earliest.map { $0 <= now } ?? false))
                if let due {
                    #expect(model[due] == earliest)
                    model[due] = nil
                }
            default:
                let deadline = Int64.random(in: 0..<1_000, using: &random)
                queue.set(slot, to: deadline)
                model[slot] = deadline
            }
            #expect(queue.earliest == model.values.min())
        }
    }
}
