import Basics
import Testing
import Wire

@testable import echod

/// A person at a terminal: what they do and what they read, with the time in milliseconds after `start`.
private final class Person {
    static let start = MonotonicTime(nanoseconds: 1_000_000_000_000)
    private var notices = DrainNotices()

    init(afterInterrupt status: ServiceStatus? = nil) {
        guard let status else { return }
        _ = signals(.interrupt)
        _ = begins(status)
    }

    /// When to look again, in milliseconds.
    var next: Int64? { notices.next.map { ($0 - Self.start).inMilliseconds } }

    func signals(_ signal: TerminationSignal) -> Bool { notices.signalReceived(signal) }

    func begins(_ status: ServiceStatus) -> String? { notices.begun(status, at: Self.start) }

    func reads(_ status: ServiceStatus, at time: Int) -> String? {
        notices.sampled(status, at: Self.start + .milliseconds(time))
    }
}

@Suite struct DrainNoticesTests {
    private func status(_ state: ServiceState = .draining, active: Int = 2) -> ServiceStatus {
        let drain = ServiceStatus.Drain(
            id: 1, intent: .exit, mode: .close, trigger: .signal(.interrupt), delay: .zero, timeout: .seconds(20),
            elapsed: .zero, deadlineIn: .seconds(20))
        return ServiceStatus(
            admin: [], listen: [], connections: .init(active: active), drain: drain, pid: 1, state: state, version: "0")
    }

    @Test func firstInterrupt_beginsTheNotices() {
        let person = Person()
        #expect(person.signals(.interrupt))
        #expect(person.begins(status()) == "draining 2 connections, at most 20 s; press Ctrl-C again to cut them")
        #expect(person.next == 1000)
    }

    @Test func furtherInterrupt_saysNothingMore() {
        #expect(!Person(afterInterrupt: status()).signals(.interrupt))
    }

    /// A supervisor sent the first; the Ctrl-C is the second, and cuts.
    @Test func interruptAfterTerminate_isNotTheFirst() {
        let person = Person()
        #expect(!person.signals(.terminate))
        #expect(!person.signals(.interrupt))
    }

    /// QUIT cuts at once and counts as neither.
    @Test func quit_saysNothing() {
        let person = Person()
        #expect(!person.signals(.quit))
        #expect(person.signals(.interrupt))
    }

    @Test(arguments: [ServiceState.starting, .serving, .forcing, .drained, .exiting])
    func begun_whenNothingIsWaitedFor_saysNothing(state: ServiceState) {
        let person = Person()
        #expect(person.signals(.interrupt))
        #expect(person.begins(status(state)) == nil)
        #expect(person.next == nil)
    }

    @Test func sampled_saysAtMostOneLineASecond() {
        let person = Person(afterInterrupt: status())
        #expect(person.reads(status(), at: 999) == nil)
        #expect(person.next == 1000)
        // A loop was slow to answer: the next line keeps its distance from this one.
        #expect(person.reads(status(), at: 1800) == "waiting for 2 connections, 20 s left")
        #expect(person.reads(status(), at: 2799) == nil)
        #expect(person.reads(status(), at: 2800) != nil)
    }

    /// The accept queue is still served: a client may come.
    @Test func sampled_withoutConnections_saysNothingAndGoesOn() {
        let person = Person(afterInterrupt: status())
        #expect(person.reads(status(active: 0), at: 1000) == nil)
        #expect(person.next == 2000)
        #expect(person.reads(status(active: 1), at: 2000) != nil)
    }

    @Test(arguments: [ServiceState.serving, .forcing, .drained, .exiting])
    func sampled_whenTheDrainIsOver_ends(state: ServiceState) {
        let person = Person(afterInterrupt: status())
        #expect(person.reads(status(state), at: 1000) == nil)
        #expect(person.next == nil)
    }
}
