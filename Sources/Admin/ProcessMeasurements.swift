/// What the kernel says of this process, for `GET /metrics`.
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
