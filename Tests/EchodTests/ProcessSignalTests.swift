import Glibc
import Logging
import Testing
import Wire

@testable import echod

@Suite struct ProcessSignalTests {
    @Test(arguments: [(SIGTERM, TerminationSignal.terminate), (SIGINT, .interrupt), (SIGQUIT, .quit)])
    func endingSignals(number: Int32, expected: TerminationSignal) {
        #expect(ProcessSignal(number, launchContext: LaunchContext()) == .end(expected))
    }

    @Test func hangUp_endsTheProcessOnlyWhereItEndsASession() {
        #expect(ProcessSignal(SIGHUP, launchContext: LaunchContext()) == .reload)
        #expect(ProcessSignal(SIGHUP, launchContext: LaunchContext(hangUpEnds: true)) == .end(.terminate))
    }

    @Test func userSignal_logsTheStatus() {
        #expect(ProcessSignal(SIGUSR1, launchContext: LaunchContext()) == .logStatus)
        #expect(ProcessSignal(SIGUSR2, launchContext: LaunchContext()) == nil)
    }

    @Test func watched_areThoseWithAMeaningAndAName() {
        for number in ProcessSignal.watched {
            #expect(ProcessSignal(number, launchContext: LaunchContext()) != nil)
            #expect(ProcessSignal.name(number) != "\(number)")
        }
    }

    @Test func figures_nameWhatIsNotWell() {
        let drain = ServiceStatus.Drain(
            id: 3, intent: .hold, mode: .close, trigger: .api, delay: .zero, timeout: .seconds(20), elapsed: .zero,
            deadlineIn: .milliseconds(1500), blockedOn: [.peerRead: 1, .peerClose: 0], counts: [.lostSent: 7])
        let status = ServiceStatus(
            admin: [], listen: [],
            connections: .init(accepted: 9, active: 4, closed: [.peerClosed: 3, .idle: 2]), drain: drain, pid: 1,
            state: .draining, version: "0")
        let figures = Logger.figures(of: status)
        #expect(figures["state"] == "draining" && figures["active"] == "4" && figures["accepted"] == "9")
        #expect(figures["idle"] == "2" && figures["peer_closed"] == nil)
        #expect(figures["drain"] == "3" && figures["deadline_in_ms"] == "1500" && figures["result"] == nil)
        #expect(figures["blocked_on_peer_read"] == "1" && figures["blocked_on_peer_close"] == nil)
        #expect(figures["lost_sent"] == "7")
    }
}
