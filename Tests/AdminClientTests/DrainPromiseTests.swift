import Basics
import EventLoops
import Testing
import Wire

@testable import AdminClient

@Suite struct DrainPromiseTests {
    private let target = AdminTarget(name: "unix:/a", candidates: [.unix(path: "/a")])
    private let silence = AdminClientError.timedOut(
        .unix(path: "/a"), after: .seconds(5), isMutation: false)

    private func at(_ seconds: Int) -> MonotonicTime { MonotonicTime(nanoseconds: 0) + .seconds(seconds) }

    /// nil: the drain is over.
    private func status(secondsLeft: Int?) throws -> ServiceStatus {
        var status = try ServiceStatus(json: Array(TextTests.sample.utf8))
        status.drain?.deadlineIn = secondsLeft.map { .seconds($0) }
        return status
    }

    @Test func beforeTheFirstStatus_silenceEndsIt() {
        let promise = DrainPromise()
        #expect(promise.patience == Exchange.answerLimit)
        #expect(promise.pause(at: at(0)) == .seconds(1))
        let error = promise.questionFailed(silence, target, at: at(10))
        #expect(error?.code == .timedOut)
        #expect(error?.description == "unix:/a gave no answer within 5 s; it may still do what was asked")
    }

    @Test func silence_untilTheDeadlineAndTheExit_isBorne() throws {
        var promise = DrainPromise()
        promise.statusCame(try status(secondsLeft: 20), at: at(100))
        #expect(promise.patience < Exchange.answerLimit)
        #expect(promise.pause(at: at(100)) == .seconds(22))
        #expect(promise.pause(at: at(130)) == .seconds(1))
        #expect(promise.questionFailed(silence, target, at: at(121)) == nil)
        let error = try #require(promise.questionFailed(silence, target, at: at(122)))
        #expect(error.code == .timedOut)
        let words =
            "unix:/a: no answer, although the drain should be over by now; it may still do what was asked\n"
            + "last known, 22 s ago: draining, "
        #expect(error.description.hasPrefix(words) && error.description.hasSuffix(", 20 s left"))
    }

    @Test func laterStatus_movesTheEnd() throws {
        var promise = DrainPromise()
        promise.statusCame(try status(secondsLeft: 20), at: at(0))
        // The server's clock stopped for an hour.
        promise.statusCame(try status(secondsLeft: 15), at: at(3600))
        #expect(promise.questionFailed(silence, target, at: at(3616)) == nil)
        #expect(promise.questionFailed(silence, target, at: at(3617)) != nil)
        promise.statusCame(try status(secondsLeft: nil), at: at(3700))
        #expect(promise.questionFailed(silence, target, at: at(3701)) == nil)
        #expect(promise.questionFailed(silence, target, at: at(3702)) != nil)
    }

    @Test func aDeadlineThatNoDrainHas_isTheLongest() throws {
        var status = try status(secondsLeft: 0)
        status.drain?.deadlineIn = .milliseconds(Int64.max / 1_000_000)
        var promise = DrainPromise()
        promise.statusCame(status, at: at(100))
        #expect(promise.pause(at: at(100)) == .seconds(86_402))
    }

    @Test(arguments: [AdminClientError.Code.unreachable, .connectionLost, .malformedAnswer])
    func otherFailures_endNothing(code: AdminClientError.Code) throws {
        let failure = AdminClientError(code: code, description: "")
        var promise = DrainPromise()
        #expect(promise.questionFailed(failure, target, at: at(100)) == nil)
        promise.statusCame(try status(secondsLeft: 1), at: at(100))
        #expect(promise.questionFailed(failure, target, at: at(1000)) == nil)
    }
}
