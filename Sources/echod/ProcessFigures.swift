import Admin
import Glibc
import Options

/// What `/proc/self` and the clocks say about this process (proc_pid_stat(5)).
enum ProcessFigures {
    /// nil where `/proc` is not mounted. Reading takes some 15 microseconds, even with 9,000 open descriptors, because
    /// the kernel reports their number since Linux 6.2; on older kernels they are listed, at a microsecond each.
    static func now() -> ProcessMeasurements? {
        guard let fields = statFields(), let descriptors = openDescriptors() else { return nil }
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        let started = Double(fields.startTime) / Double(sysconf(Int32(_SC_CLK_TCK)))
        return ProcessMeasurements(
            cpuSeconds: seconds(CLOCK_PROCESS_CPUTIME_ID),
            residentBytes: fields.residentPages * UInt64(sysconf(Int32(_SC_PAGESIZE))),
            virtualBytes: fields.virtualBytes, openDescriptors: descriptors,
            maximumDescriptors: UInt64(limit.rlim_cur), threads: fields.threads, startTime: bootTime + started)
    }

    /// When the machine booted, in seconds since 1970; read once, so that a step of the wall clock does not move it.
    private static let bootTime = seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME)

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }

    struct StatFields: Hashable {
        var threads: UInt64
        /// In clock ticks since boot.
        var startTime: UInt64
        var virtualBytes: UInt64
        var residentPages: UInt64

        /// The text of `/proc/PID/stat`.
        init?(_ text: String) {
            // The second field is the program's name in parentheses, which may hold anything: count from the last one.
            // Searches bytes, which is ten times as fast as searching characters.
            guard let end = text.utf8.lastIndex(of: UInt8(ascii: ")")) else { return nil }
            let fields = text.utf8[text.utf8.index(after: end)...].split(separator: UInt8(ascii: " "))
            guard fields.count > 21, let threads = UInt64(Substring(fields[17])),
                let startTime = UInt64(Substring(fields[19])), let virtualBytes = UInt64(Substring(fields[20])),
                let residentPages = UInt64(Substring(fields[21]))
            else { return nil }
            self.threads = threads
            self.startTime = startTime
            self.virtualBytes = virtualBytes
            self.residentPages = residentPages
        }
    }

    private static func statFields() -> StatFields? {
        guard let file = try? SmallFile(path: "/proc/self/stat", limit: 4096) else { return nil }
        return StatFields(String(decoding: file.content, as: UTF8.self))
    }

    /// Without the descriptor that the count itself uses.
    private static func openDescriptors() -> UInt64? {
        var status = stat()
        if stat("/proc/self/fd", &status) == 0, status.st_size > 0 { return UInt64(status.st_size) }
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count: UInt64 = 0
        while readdir(directory) != nil { count += 1 }
        // The directory itself, `.` and `..`.
        return count >= 3 ? count - 3 : nil
    }
}
