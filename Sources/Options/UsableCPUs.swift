internal import Glibc

/// How many CPUs the process may keep busy: those of its affinity mask, or fewer under a CPU quota.
///
/// Read from /proc and /sys (cgroups(7)), because glibc shows the affinity calls only with _GNU_SOURCE,
/// which Swift's module of glibc does not define.
enum UsableCPUs {
    /// Reads a small file of /proc or /sys; nil when there is none.
    typealias Reader = (_ path: String) -> String?

    static func count(read: Reader = readSmallFile) -> Int {
        let online = { Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
        let allowed = affinity(status: read("/proc/self/status") ?? "") ?? online()
        let memberships = read("/proc/self/cgroup") ?? ""
        guard let quota = quota(memberships: memberships, read: read) else { return max(1, allowed) }
        // Rounded up: two and a half CPUs keep three loops busy.
        return max(1, min(allowed, Int(quota.rounded(.up))))
    }

    /// The number of CPUs in a line such as `Cpus_allowed_list:  0-3,8`.
    static func affinity(status: String) -> Int? {
        let label = "Cpus_allowed_list:"
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(label) }) else { return nil }
        var count = 0
        for range in line.dropFirst(label.count).split(separator: ",") {
            let ends = range.split(separator: "-").map { Int($0.filter { $0.isNumber }) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else { return nil }
            count += last - first + 1
        }
        return count > 0 ? count : nil
    }

    /// The smallest quota, in CPUs, of the process's groups and of all groups above them; nil without one.
    ///
    /// `memberships` is /proc/self/cgroup. In a container its paths may be those of the host, of which only the
    /// last parent, the mount itself, is visible: going up finds that one.
    static func quota(memberships: String, read: Reader) -> Double? {
        var quotas: [Double] = []
        for line in memberships.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: ",")
            if fields[0] == "0" && controllers.isEmpty {
                for group in groups(under: "/sys/fs/cgroup", path: fields[2]) {
                    quotas += [unifiedQuota(read("\(group)/cpu.max"))].compactMap { $0 }
                }
            } else if controllers.contains("cpu") {
                for mount in ["/sys/fs/cgroup/\(fields[1])", "/sys/fs/cgroup/cpu"] {
                    for group in groups(under: mount, path: fields[2]) {
                        let quota = read("\(group)/cpu.cfs_quota_us")
                        quotas += [legacyQuota(quota, period: read("\(group)/cpu.cfs_period_us"))].compactMap { $0 }
                    }
                }
            }
        }
        return quotas.min()
    }

    /// Version 2: `150000 100000`, or `max 100000`.
    private static func unifiedQuota(_ text: String?) -> Double? {
        let fields = (text ?? "").split(whereSeparator: \.isWhitespace)
        guard fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1]) else { return nil }
        return quota > 0 && period > 0 ? quota / period : nil
    }

    /// Version 1: the quota is -1 if there is none.
    private static func legacyQuota(_ quota: String?, period: String?) -> Double? {
        unifiedQuota("\(quota ?? "") \(period ?? "")")
    }

    /// The directories of a group and of all groups above it, up to the mount itself.
    private static func groups(under mount: String, path: Substring) -> [String] {
        var components = path.split(separator: "/").filter { $0 != ".." }
        var groups: [String] = []
        while !components.isEmpty {
            groups.append(mount + "/" + components.joined(separator: "/"))
            components.removeLast()
        }
        return groups + [mount]
    }

    private static func readSmallFile(path: String) -> String? {
        (try? SmallFile(path: path, limit: 65_536)).map { String(decoding: $0.content, as: UTF8.self) }
    }
}
