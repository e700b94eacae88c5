import Admin
import EchoCore
import Logging
import MicroHTTPD
import Synchronization
import Testing
import Threads
import Wire

/// What the router logs about changes.
@Suite("Log of changes")
struct AdminLogTests {
    private let lines = LogLines()

    /// The lines that a request leaves.
    private func lines(of request: HTTPRequest, to service: FakeService = FakeService()) -> [String] {
        var configuration = AdminConfiguration.test
        configuration.log = Logger(label: "test") { [lines] _ in KeepingLogHandler(lines: lines) }
        _ = Router(service: service, configuration: configuration, process: { nil }).answers(to: request)
        return lines.all
    }

    @Test(arguments: ["/drain", "/shutdown", "/drain?timeout=5s&mode=abort"])
    func changeThatIsMade_isToldOnce(target: String) {
        #expect(lines(of: request(.post, target)) == ["notice admin request from=127.0.0.1 request=POST \(target)"])
    }

    @Test(
        arguments: [
            (request(.post, "/drain?timeout=\u{a0}"), #"POST /drain?timeout=\xc2\xa0"#, 400),
            (request(.get, "/prestop"), "GET /prestop", 403),
            (request(.put, "/log-level"), "PUT /log-level", 400),
            // The service is asked, and answers later.
            (request(.delete, "/connections/17"), "DELETE /connections/17", 404),
        ])
    func changeThatTheRouteRefuses_isToldTwice(request: HTTPRequest, name: String, status: Int) {
        #expect(
            lines(of: request) == [
                "notice admin request from=127.0.0.1 request=\(name)",
                "notice admin request refused from=127.0.0.1 request=\(name) status=\(status)",
            ])
    }

    @Test func changeThatTheServiceRefuses_isToldTwice() {
        let drain = FakeService { $0.outcome = .refused("no") }
        #expect(lines(of: request(.post, "/drain"), to: drain).last?.hasSuffix("POST /drain status=409") == true)
        let undrain = FakeService { $0.undrain = .refused("no") }
        #expect(lines(of: request(.delete, "/drain"), to: undrain).last?.hasSuffix("DELETE /drain status=409") == true)
        #expect(lines.all.filter { $0.hasPrefix("notice admin request refused from=127.0.0.1") }.count == 2)
    }

    @Test(arguments: [DrainWaitOutcome.over(.undrained), .over(.lost), .limitPassed])
    func drainThatEndsOtherwise_isNoRefusal(outcome: DrainWaitOutcome) {
        let service = FakeService()
        _ = lines(of: request(.post, "/drain?wait"), to: service)
        service.finishWaits(outcome)
        #expect(lines.all.count == 1)
    }

    @Test func waiterWithoutAPlace_isNoRefusal() {
        #expect(lines(of: request(.post, "/drain?wait"), to: FakeService { $0.takesWaiters = false }).count == 1)
    }

    @Test(
        arguments: [
            request(.post, "/drain", peer: .remote), request(.post, "/drain?typo"), request(.get, "/connections/17"),
            request(.put, "/drain"),
        ])
    func whatIsTurnedAwayBefore_andReading_areNotTold(request: HTTPRequest) {
        #expect(lines(of: request).isEmpty)
    }
}

private final class LogLines: Sendable {
    private let kept = Mutex<[String]>([])

    var all: [String] { kept.withLock { $0 } }

    func append(_ line: String) {
        kept.withLock { $0.append(line) }
    }
}

/// Keeps each event as text, with its metadata in the order of their names.
private struct KeepingLogHandler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
        lines.append("\(event.level) \(event.message)" + fields.joined())
    }
}
