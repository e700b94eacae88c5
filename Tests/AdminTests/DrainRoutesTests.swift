import Admin
import EchoCore
import MicroHTTPD
import Testing
import Wire

@Suite("POST /drain and /shutdown")
struct DrainRoutesTests {
    private static func joined(_ value: Bool) -> String {
        ProbeAndStatusTests.contractOnOneLine.replacing(#","lines""#, with: #","joined":\#(value),"lines""#)
    }

    @Test(arguments: [("/drain", DrainIntent.hold), ("/shutdown", .exit)])
    func withoutWait_isAcceptedAtOnce(path: String, intent: DrainIntent) throws {
        let service = FakeService()
        let response = try send(request(.post, path), to: service)
        #expect(response.status == 202)
        #expect(response.header("Content-Type") == "application/json")
        #expect(response.text == Self.joined(false))
        #expect(service.seen.drainRequests == [DrainRequest(intent: intent)])
        #expect(service.seen.waiters.isEmpty)
    }

    @Test func undrain_answersWithTheStatusOrTheReason() throws {
        let serving = try send(request(.delete, "/drain"), to: FakeService())
        #expect(serving.status == 200)
        #expect(serving.text == ProbeAndStatusTests.contractOnOneLine)
        let refused = try send(request(.delete, "/drain"), to: FakeService { $0.undrain = .refused("a signal came") })
        #expect(refused.isProblem(409, "a signal came"))
        let failed = try send(request(.delete, "/drain"), to: FakeService { $0.undrain = .failed })
        #expect(failed.isProblem(500, "the drain continues"))
        #expect(try send(request(.delete, "/drain?mode=close"), to: FakeService()).status == 400)
    }

    @Test func joining_saysSo() throws {
        let response = try send(request(.post, "/drain"), to: FakeService { $0.outcome = .joined })
        #expect(response.status == 202)
        #expect(response.text == Self.joined(true))
    }

    @Test(arguments: ["/drain", "/shutdown", "/drain?wait", "/shutdown?wait=1s"])
    func refused_isAConflictWithTheReason(target: String) throws {
        let service = FakeService { $0.outcome = .refused("the service is still starting") }
        #expect(try send(request(.post, target), to: service).isProblem(409, "the service is still starting"))
        #expect(service.seen.waiters.isEmpty)
    }

    @Test(
        arguments: [
            ("mode=close", DrainRequest(intent: .hold, mode: .close)),
            ("mode=wait", DrainRequest(intent: .hold, mode: .wait)),
            ("mode=abort", DrainRequest(intent: .hold, mode: .abort)),
            ("timeout=100ms", DrainRequest(intent: .hold, timeout: .milliseconds(100))),
            ("timeout=24h", DrainRequest(intent: .hold, timeout: .seconds(86_400))),
            ("delay=0s", DrainRequest(intent: .hold, delay: .zero)),
            ("delay=19999ms", DrainRequest(intent: .hold, delay: .milliseconds(19_999))),
            (
                "delay=1m&timeout=2m&mode=wait",
                DrainRequest(intent: .hold, mode: .wait, delay: .seconds(60), timeout: .seconds(120))
            ),
            ("timeout=2%6d", DrainRequest(intent: .hold, timeout: .seconds(120))),
        ])
    func parameters_areHandedOn(query: String, expected: DrainRequest) throws {
        let service = FakeService()
        #expect(try send(request(.post, "/drain?\(query)"), to: service).status == 202)
        #expect(service.seen.drainRequests == [expected])
    }

    @Test(
        arguments: [
            ("timeout=20", "write 20s for seconds"), ("timeout=99ms", "Allowed: a duration from 100ms to 24h."),
            ("timeout=25h", "from 100ms to 24h"), ("timeout=1.5s", "write 1500ms"), ("timeout=0s", "from 100ms"),
            ("timeout", "has no value"), ("timeout=", "is empty"),
            ("tiemout=5s", "Allowed: delay, timeout, mode, wait."),
            ("delay=20s", "the default timeout of 20s"), ("delay=5s&timeout=5s", "the timeout of 5s"),
            ("delay=10s&timeout=5s", "shorter delay or a longer timeout"), ("delay=-1s", "not a duration"),
            ("mode=kill", "Allowed: wait, close, abort."), ("mode=Close", "Allowed: wait"), ("wait=", "is empty"),
            ("wait=5", "write 5s"), ("wait=true", "not a duration"), ("wait=25h", "from 0s to 24h"),
            ("wait&wait", "more than once"), ("wait&wait=5s", "more than once"), ("wait=5s&wait", "more than once"),
            ("%77ait&wait", "more than once"), ("mode=close&mode=close", "more than once"),
            ("force", "Unknown parameter"),
            ("wait&delay=30s", "the default timeout"), ("+wait", #"Unknown parameter \"+wait\""#),
        ])
    func badParameter_startsNothing(query: String, hint: String) throws {
        for path in ["/drain", "/shutdown"] {
            let service = FakeService()
            let response = try send(request(.post, "\(path)?\(query)"), to: service)
            #expect(response.isProblem(400, hint), "\(response.text)")
            #expect(service.seen.drainRequests.isEmpty)
        }
    }

    @Test func delay_isJudgedByTheConfiguredTimeout() throws {
        let short = AdminConfiguration(
            userID: 1000, drainDefaults: DrainDefaults(timeout: .seconds(5)), version: "0.1.0",
            settings: FakeSettings())
        let response = try send(request(.post, "/drain?delay=5s"), configuration: short)
        #expect(response.isProblem(400, "the default timeout of 5s"))
        #expect(try send(request(.post, "/drain?delay=4s"), configuration: short).status == 202)
    }
}

@Suite("Waiting for the end of a drain")
struct DrainWaitTests {
    @Test(
        arguments: [
            ("/drain?wait", DrainMilestone.drained, Duration?.none), ("/drain?wait=30s", .drained, .seconds(30)),
            ("/shutdown?wait", .exiting, nil), ("/shutdown?wait=0s", .exiting, .zero),
        ])
    func wait_asksForTheMilestone(target: String, milestone: DrainMilestone, limit: Duration?) throws {
        let service = FakeService { $0.status.drain?.id = 7 }
        let answers = Router(service: service, configuration: .test, process: { nil }).answers(
            to: request(.post, target))
        #expect(answers.all.isEmpty)
        let waiter = try #require(service.seen.waiters.first)
        #expect(waiter.id == 7)
        #expect(waiter.milestone == milestone)
        #expect(waiter.limit == limit)
    }

    @Test(
        arguments: [
            (DrainWaitOutcome.over(.clean), 200), (.over(.forced), 500), (.over(.lost), 500), (.over(.undrained), 409),
            (.limitPassed, 504),
        ])
    func outcome_isTheStatus_andTheBodyTheStatusObject(outcome: DrainWaitOutcome, code: Int) throws {
        let service = FakeService()
        let answers = Router(service: service, configuration: .test, process: { nil }).answers(
            to: request(.post, "/drain?wait=1s"))
        service.finishWaits(outcome)
        let response = try #require(answers.all.first)
        #expect(response.status == code)
        #expect(response.header("Content-Type") == "application/json")
        #expect(response.text == ProbeAndStatusTests.contractOnOneLine)
    }

    @Test func clientThatHangsUp_leavesItsPlace_andTheDrainGoesOn() {
        let service = FakeService()
        let router = Router(service: service, configuration: .test, process: { nil })
        let answers = (0..<3).map { _ in router.answers(to: request(.post, "/drain?wait")) }
        answers[1].clientHangsUp()
        #expect(service.seen.gone == [2])
        #expect(service.seen.drainRequests.count == 3)
    }

    @Test func eachWaiter_hasItsOwnLimit() {
        let service = FakeService { $0.outcome = .joined }
        let router = Router(service: service, configuration: .test, process: { nil })
        let answers = ["/drain?wait=1s", "/drain?wait=2s", "/shutdown?wait"].map {
            router.answers(to: request(.post, $0))
        }
        #expect(service.seen.waiters.map(\.limit) == [.seconds(1), .seconds(2), nil])
        service.finishWaits(.over(.clean))
        #expect(answers.map(\.all.count) == [1, 1, 1])
    }

    @Test func tooManyWaiters_isUnavailable_butTheDrainIsStarted() throws {
        let service = FakeService { $0.takesWaiters = false }
        let response = try send(request(.post, "/drain?wait"), to: service)
        #expect(response.isProblem(503, "was started or joined"))
        #expect(response.header("Retry-After") == "5")
        #expect(service.seen.drainRequests.count == 1)
    }

    @Test func shutdownWithNothingToDrain_isAnsweredAtOnce() throws {
        let service = FakeService {
            $0.status.drain = nil
            $0.status.state = .exiting
        }
        let response = try send(request(.post, "/shutdown?wait"), to: service)
        #expect(response.status == 200)
        #expect(response.text.contains(#""state":"exiting""#))
        #expect(service.seen.waiters.isEmpty)
    }
}
