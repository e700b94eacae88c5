import Testing
import Wire

@testable import echod

@Suite struct DrainNoticeTests {
    @Test(arguments: [
        (3, "draining 3 connections, at most 20 s; press Ctrl-C again to cut them"),
        (1, "draining 1 connection, at most 20 s; press Ctrl-C again to cut it"),
        (0, "draining, no connections"),
    ])
    func begun_saysHowLongAndWhatToDo(active: Int, expected: String) {
        #expect(DrainNotice.begun(active: active, atMost: .seconds(20)) == expected)
    }

    private func status(active: Int, result: DrainResult? = nil, left: Duration?) -> ServiceStatus {
        let drain = ServiceStatus.Drain(
            id: 1, intent: .exit, mode: .close, trigger: .signal(.interrupt), delay: .zero, timeout: .seconds(20),
            elapsed: .seconds(6), deadlineIn: left, result: result, blockedOn: [.peerClose: 2, .partialLine: 1])
        return ServiceStatus(
            admin: [], listen: [], connections: .init(active: active), drain: drain, pid: 1, state: .draining,
            version: "0")
    }

    @Test func waiting_namesWhatItWaitsFor() {
        let notice = DrainNotice.waiting(for: status(active: 3, left: .milliseconds(13_500)))
        #expect(notice == "waiting for 3 connections (1 partial_line, 2 peer_close), 14 s left")
        let last = DrainNotice.waiting(for: status(active: 1, left: .milliseconds(250)))
        #expect(last == "waiting for 1 connection (1 partial_line, 2 peer_close), 250 ms left")
    }

    @Test func waiting_whenNothingIsLeft_saysNothing() {
        #expect(DrainNotice.waiting(for: status(active: 0, left: .seconds(1))) == nil)
        #expect(DrainNotice.waiting(for: status(active: 1, result: .forced, left: nil)) == nil)
    }
}
