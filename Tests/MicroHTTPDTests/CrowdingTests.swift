import Basics
import Testing
import Threads

@testable import MicroHTTPD

@Suite struct CrowdingTests {
    private let start = MonotonicTime.now

    private func waiting(_ seconds: Int) -> Crowding.Place {
        .waiting(since: start + .seconds(seconds))
    }

    @Test func nobodyLeaves_whileThereIsRoom() {
        #expect(Crowding.leaver(of: [], capacity: 1) == nil)
        #expect(Crowding.leaver(of: [waiting(1), waiting(2)], capacity: 3) == nil)
    }

    @Test func whoHasWaitedLongestLeaves() {
        #expect(Crowding.leaver(of: [waiting(3), waiting(1), waiting(2)], capacity: 3) == 1)
        #expect(Crowding.leaver(of: [waiting(1), waiting(2), waiting(3)], capacity: 2) == 0)
    }

    @Test func whoIsHeldTakesAPlaceAndStays() {
        #expect(Crowding.leaver(of: [.held, waiting(2), .held, waiting(1)], capacity: 4) == 3)
        #expect(Crowding.leaver(of: [.held, .held], capacity: 2) == nil)
    }

    /// Otherwise a burst would end one more for each that is not closed yet, or the same one again.
    @Test func whoIsLeavingTakesNoPlaceAndIsNotAskedAgain() {
        #expect(Crowding.leaver(of: [.leaving, waiting(1), waiting(2)], capacity: 3) == nil)
        #expect(Crowding.leaver(of: [.leaving, waiting(2), waiting(1)], capacity: 2) == 2)
        #expect(Crowding.leaver(of: [.leaving, .leaving], capacity: 1) == nil)
    }
}
