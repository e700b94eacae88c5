internal import EchoCore
internal import Wire

/// The metrics of contract.md, section 5, made from what was measured. Every series is there from the start.
extension MetricFamily {
    /// `echod_*`, except those of the admin API.
    static func ofService(_ measured: ServiceMeasurements) -> [MetricFamily] {
        ofConnections(measured) + ofBytes(measured) + ofState(measured)
    }

    private static func ofConnections(_ measured: ServiceMeasurements) -> [MetricFamily] {
        let connections = measured.status.connections
        return [
            MetricFamily(
                .gauge, "echod_connections_active", .integer(UInt64(connections.active)),
                help: "Echo connections that are open now, including those being closed."),
            MetricFamily(
                .gauge, "echod_max_connections", .integer(UInt64(measured.maximumConnections)),
                help: "The limit past which echo clients are refused (--max-connections)."),
            MetricFamily(
                .counter, "echod_connections_accepted", .integer(connections.accepted),
                help: "Echo connections accepted, those refused at the limit included."),
            MetricFamily(
                .counter, "echod_connections_closed", by: "reason",
                CloseReason.allCases.map { ($0.rawValue, connections.closed[$0]) },
                help: "Echo connections that ended, by the one reason for which each did; with the active ones they "
                    + "are the accepted ones."),
            MetricFamily(
                .counter, "echod_accept_errors", by: "errno",
                AcceptError.allCases.map { ($0.rawValue, measured.acceptErrors[$0]) },
                help: "Attempts to accept a client that failed, by error. After EMFILE, ENFILE, ENOBUFS or ENOMEM "
                    + "accepting pauses for 0.1 to 1 s."),
        ]
    }

    private static func ofBytes(_ measured: ServiceMeasurements) -> [MetricFamily] {
        [
            MetricFamily(
                .counter, "echod_lines", .integer(measured.status.lines),
                help: "Lines answered; always 0 in mode verbatim."),
            MetricFamily(
                .counter, "echod_received", unit: .bytes, .integer(measured.status.bytes.received),
                help: "Bytes read from echo clients."),
            MetricFamily(
                .counter, "echod_sent", unit: .bytes, .integer(measured.status.bytes.sent),
                help: "Bytes of answers handed to the kernel."),
            MetricFamily(
                .counter, "echod_lost", unit: .bytes, by: "direction",
                [("received", measured.counts[.lostReceived]), ("sent", measured.counts[.lostSent])],
                help: "Bytes lost because echod cut a connection: received in complete lines and never answered, or "
                    + "answered and never acknowledged. The answers that the kernel had not yet taken are among them, "
                    + "though not in echod_sent_bytes_total."),
            MetricFamily(
                .counter, "echod_late_discarded", unit: .bytes, .integer(measured.counts[.lateDiscarded]),
                help: "Bytes that came after echod had sent its end of file, and were discarded."),
        ]
    }

    private static func ofState(_ measured: ServiceMeasurements) -> [MetricFamily] {
        let status = measured.status
        var families = [
            MetricFamily(
                .gauge, "echod_ready", .integer(status.ready ? 1 : 0),
                help: "1 while /readyz says ready, else 0."),
            MetricFamily(
                .gauge, "echod_state", by: "state",
                ServiceState.allCases.map { ($0.rawValue, status.state == $0 ? 1 : 0) },
                help: "1 for the state that echod is in, 0 for the others."),
            MetricFamily(
                .counter, "echod_drains", by: "result",
                DrainResult.allCases.map { ($0.rawValue, measured.drains[$0]) },
                help: "Drains that are over, each counted once, by the result it had then: one that was clean stays "
                    + "so when it is undrained later."),
        ]
        if let remaining = status.drain?.deadlineIn {
            families.append(
                MetricFamily(
                    .gauge, "echod_drain_remaining", unit: .seconds, .real(max(0, remaining / .seconds(1))),
                    help: "Time left until the deadline of the drain that is under way; absent outside a drain."))
        }
        return families
    }

    /// `process_*`, named as Prometheus' client libraries name them.
    static func ofProcess(_ process: ProcessMeasurements) -> [MetricFamily] {
        [
            MetricFamily(
                .counter, "process_cpu", unit: .seconds, .real(process.cpuSeconds),
                help: "User and system CPU time spent, in seconds."),
            MetricFamily(
                .gauge, "process_resident_memory", unit: .bytes, .integer(process.residentBytes),
                help: "Resident memory size in bytes."),
            MetricFamily(
                .gauge, "process_virtual_memory", unit: .bytes, .integer(process.virtualBytes),
                help: "Virtual memory size in bytes."),
            MetricFamily(
                .gauge, "process_open_fds", .integer(process.openDescriptors), help: "Open file descriptors."),
            MetricFamily(
                .gauge, "process_max_fds", .integer(process.maximumDescriptors),
                help: "The limit on open file descriptors."),
            MetricFamily(.gauge, "process_threads", .integer(process.threads), help: "Threads of the process."),
            MetricFamily(
                .gauge, "process_start_time", unit: .seconds, .real(process.startTime),
                help: "When the process started, in seconds since 1970."),
        ]
    }
}

/// What the kernel says about this process, for `GET /metrics`.
package struct ProcessMeasurements: Hashable, Sendable {
    /// User and system time of all threads so far.
    package var cpuSeconds: Double
    package var residentBytes: UInt64
    package var virtualBytes: UInt64
    package var openDescriptors: UInt64
    /// The soft limit of RLIMIT_NOFILE.
    package var maximumDescriptors: UInt64
    package var threads: UInt64
    /// Seconds since 1970.
    package var startTime: Double

    package init(
        cpuSeconds: Double, residentBytes: UInt64, virtualBytes: UInt64, openDescriptors: UInt64,
        maximumDescriptors: UInt64, threads: UInt64, startTime: Double
    ) {
        self.cpuSeconds = cpuSeconds
        self.residentBytes = residentBytes
        self.virtualBytes = virtualBytes
        self.openDescriptors = openDescriptors
        self.maximumDescriptors = maximumDescriptors
        self.threads = threads
        self.startTime = startTime
    }
}
