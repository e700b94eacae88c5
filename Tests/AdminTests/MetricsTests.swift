import EchoCore
import MicroHTTPD
import Testing
import Wire

@testable import Admin

@Suite("GET /metrics")
struct MetricsTests {
    private static let prometheus =
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        + "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
        + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"

    @Test(
        arguments: [
            (nil, MetricsExposition.text), ("", .text), ("*/*", .text), (prometheus, .openMetrics),
            ("text/plain;version=0.0.4", .text), ("application/openmetrics-text", .openMetrics),
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", .openMetrics),
            ("Application/OpenMetrics-Text;Version=\"1.0.0\"", .openMetrics), ("application/*", .openMetrics),
            ("application/openmetrics-text;version=0.0.1", .text),
            ("application/openmetrics-text;version=0.0.1,*/*;q=0.1", .text),
            ("application/openmetrics-text;q=0.3,text/plain;q=0.5", .text),
            ("application/openmetrics-text;q=0.5,text/plain;q=0.3", .openMetrics),
            ("application/openmetrics-text;q=0.5,text/plain;q=0.5", .text),
            ("application/openmetrics-text;q=0", .text), ("text/plain;q=0,*/*;q=0.1", .openMetrics),
            ("application/openmetrics-text;q=0.1,*/*;q=0.9", .text),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", .text), ("application/json", .text),
            ("application/openmetrics-text;q=2", .text), ("application/openmetrics-text;q=0.1234", .text),
            ("application/openmetrics-text;q=-0", .text), ("application/openmetrics-text;q=1.001", .text),
            (",;=,/;q=,;q=1,application/openmetrics-text;q=1.000,,", .openMetrics),
        ] as [(String?, MetricsExposition)])
    func form_isTheOneThatAcceptPrefers(accept: String?, form: MetricsExposition) throws {
        let headers = [("Host", "localhost")] + (accept.map { [("Accept", $0)] } ?? [])
        let response = try send(request(.get, "/metrics", headers: headers))
        #expect(response.status == 200)
        #expect(response.header("Content-Type") == form.contentType)
        #expect(response.text.hasSuffix("# EOF\n") == (form == .openMetrics))
    }

    @Test func acceptHeaders_countTogether() throws {
        let headers = [
            ("Host", "localhost"), ("Accept", "text/plain;q=0.1"), ("Accept", "application/openmetrics-text"),
        ]
        let response = try send(request(.get, "/metrics", headers: headers))
        #expect(response.header("Content-Type") == MetricsExposition.openMetrics.contentType)
    }

    private static let families = [
        MetricFamily(
            .counter, "a_read", unit: .bytes, by: "how", [("x\"\\\ny", 7), ("é", 0)], help: "It's \\ \"x\"\n."),
        MetricFamily(.gauge, "a_left", unit: .seconds, .real(0.25), help: "Left."),
        MetricFamily(name: "a_none", kind: .gauge, help: "Not there.", samples: []),
        MetricFamily(
            name: "a_build", kind: .info, help: "Built.",
            samples: [.init(labels: ["version": "1", "on": "x"], value: .integer(1))]),
    ]

    @Test func textFormat_isAsPrometheusDescribesIt() {
        #expect(
            String(decoding: MetricsExposition.text.write(Self.families), as: UTF8.self) == #"""
                # HELP a_read_bytes_total It's \\ "x"\n.
                # TYPE a_read_bytes_total counter
                a_read_bytes_total{how="x\"\\\ny"} 7
                a_read_bytes_total{how="é"} 0
                # HELP a_left_seconds Left.
                # TYPE a_left_seconds gauge
                a_left_seconds 0.25
                # HELP a_build_info Built.
                # TYPE a_build_info gauge
                a_build_info{version="1",on="x"} 1

                """#)
    }

    @Test func openMetrics_isAsItsSpecificationSays() {
        #expect(
            String(decoding: MetricsExposition.openMetrics.write(Self.families), as: UTF8.self) == #"""
                # HELP a_read_bytes It's \\ \"x\"\n.
                # TYPE a_read_bytes counter
                # UNIT a_read_bytes bytes
                a_read_bytes_total{how="x\"\\\ny"} 7
                a_read_bytes_total{how="é"} 0
                # HELP a_left_seconds Left.
                # TYPE a_left_seconds gauge
                # UNIT a_left_seconds seconds
                a_left_seconds 0.25
                # HELP a_build Built.
                # TYPE a_build info
                a_build_info{version="1",on="x"} 1
                # EOF

                """#)
    }

    /// The lines of a scrape that are samples, by series.
    private static func samples(_ text: String) -> [String: String] {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        return Dictionary(
            uniqueKeysWithValues: lines.map { line in
                let space = line.lastIndex(of: " ") ?? line.endIndex
                return (String(line[..<space]), String(line[space...].dropFirst()))
            })
    }

    @Test func service_isShownAsMeasured() throws {
        let measured = ServiceMeasurements(
            status: .sample, maximumConnections: 9_000, acceptErrors: [.processFiles: 3],
            counts: [.lostReceived: 5, .lostSent: 6, .lateDiscarded: 120], drains: [.forced: 2])
        let samples = Self.samples(
            try send(request(.get, "/metrics"), to: FakeService { $0.measurements = measured }).text)
        let expected = [
            "echod_connections_active": "2", "echod_max_connections": "9000",
            "echod_connections_accepted_total": "60", #"echod_connections_closed_total{reason="drained"}"#: "50",
            #"echod_connections_closed_total{reason="idle"}"#: "0", #"echod_accept_errors_total{errno="EMFILE"}"#: "3",
            #"echod_accept_errors_total{errno="other"}"#: "0", "echod_lines_total": "16384",
            "echod_received_bytes_total": "1048576", "echod_sent_bytes_total": "1048576",
            #"echod_lost_bytes_total{direction="received"}"#: "5", #"echod_lost_bytes_total{direction="sent"}"#: "6",
            "echod_late_discarded_bytes_total": "120", "echod_ready": "0", #"echod_state{state="draining"}"#: "1",
            #"echod_state{state="serving"}"#: "0", "echod_drain_remaining_seconds": "16.88",
            #"echod_drains_total{result="forced"}"#: "2", #"echod_drains_total{result="clean"}"#: "0",
            #"echod_build_info{version="0.1.0"}"#: "1",
        ]
        for (series, value) in expected { #expect(samples[series] == value, "\(series)") }
        for (label, count) in [
            ("reason", CloseReason.allCases.count), ("errno", 12), ("state", 7), ("result", 4), ("direction", 2),
        ] {
            #expect(samples.keys.filter { $0.contains("{\(label)=") }.count == count)
        }
        #expect(!samples.keys.contains { $0.hasPrefix("process_") })
    }

    @Test func drainRemaining_isAbsentOutsideADrain() throws {
        var status = ServiceStatus.sample
        status.drain?.deadlineIn = nil
        let service = FakeService { $0.status = status }
        #expect(!(try send(request(.get, "/metrics"), to: service).text.contains("drain_remaining")))
    }

    @Test func process_isShownAsTheKernelSays() {
        let process = ProcessMeasurements(
            cpuSeconds: 1.5, residentBytes: 4096, virtualBytes: 8192, openDescriptors: 17, maximumDescriptors: 1024,
            threads: 4, startTime: 1_795_262_400.25)
        let router = Router(service: FakeService(), configuration: .test, process: { process })
        let samples = Self.samples(router.answers(to: request(.get, "/metrics")).all.first?.text ?? "")
        let expected = [
            "process_cpu_seconds_total": "1.5", "process_resident_memory_bytes": "4096",
            "process_virtual_memory_bytes": "8192", "process_open_fds": "17", "process_max_fds": "1024",
            "process_threads": "4", "process_start_time_seconds": "1795262400.25",
        ]
        #expect(samples.filter { $0.key.hasPrefix("process_") } == expected)
    }

    @Test func acceptErrors_areKnownByTheirErrno() {
        #expect(AcceptError(errnoName: "EMFILE") == .processFiles)
        #expect(AcceptError(errnoName: "EPROTO") == .networkProtocol)
        for name in ["EIO", "other", "", nil] { #expect(AcceptError(errnoName: name) == .other) }
    }
}
