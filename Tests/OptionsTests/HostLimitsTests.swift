import Testing

@testable import Options

@Suite struct HostLimitsTests {
    @Test(
        arguments: [
            ("0", 1), ("0-3", 4), ("0-3,8", 5), ("0,2,4-5", 4), ("", nil), ("x", nil), ("3-1", nil),
        ] as [(String, Int?)])
    func affinity_isCounted(list: String, count: Int?) {
        #expect(UsableCPUs.affinity(status: "Name:\techod\nCpus_allowed:\tff\nCpus_allowed_list:\t\(list)\n") == count)
    }

    /// A tree of files instead of /proc and /sys.
    private func count(cpus: String = "0-7", cgroup: String, _ files: [String: String]) -> Int {
        var files = files
        files["/proc/self/status"] = "Cpus_allowed_list:\t\(cpus)\n"
        files["/proc/self/cgroup"] = cgroup
        return UsableCPUs.count { files[$0] }
    }

    @Test func withoutAQuota_affinityCounts() {
        #expect(count(cgroup: "0::/\n", [:]) == 8)
        #expect(count(cgroup: "0::/a\n", ["/sys/fs/cgroup/a/cpu.max": "max 100000\n"]) == 8)
    }

    @Test func quota_isRoundedUp() {
        #expect(count(cgroup: "0::/\n", ["/sys/fs/cgroup/cpu.max": "250000 100000\n"]) == 3)
        #expect(count(cgroup: "0::/\n", ["/sys/fs/cgroup/cpu.max": "1000 100000\n"]) == 1)
        #expect(count(cpus: "0-1", cgroup: "0::/\n", ["/sys/fs/cgroup/cpu.max": "250000 100000\n"]) == 2)
    }

    @Test func quota_ofAParentGroupCounts() {
        let files = [
            "/sys/fs/cgroup/a/b/cpu.max": "max 100000", "/sys/fs/cgroup/a/cpu.max": "400000 100000",
            "/sys/fs/cgroup/cpu.max": "500000 100000",
        ]
        #expect(count(cgroup: "0::/a/b\n", files) == 4)
    }

    @Test(arguments: ["cpu,cpuacct", "cpu"]) func versionOne_isRead(mount: String) {
        let files = [
            "/sys/fs/cgroup/\(mount)/docker/x/cpu.cfs_quota_us": "150000\n",
            "/sys/fs/cgroup/\(mount)/docker/x/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/\(mount)/cpu.cfs_quota_us": "-1\n",
            "/sys/fs/cgroup/\(mount)/cpu.cfs_period_us": "100000\n",
        ]
        #expect(count(cgroup: "4:memory:/m\n3:\(mount):/docker/x\n0::/\n", files) == 2)
    }

    /// In a container without a cgroup namespace the path is the host's and only the mount is there.
    @Test func versionOne_inAContainer_isReadFromTheMount() {
        let files = ["/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"]
        #expect(count(cgroup: "3:cpuacct,cpu:/docker/x\n", files) == 2)
    }

    @Test func thisProcess_hasSensibleLimits() {
        let host = HostLimits.ofThisProcess()
        #expect((1...4096).contains(host.usableCPUs))
        #expect(HostLimits.raiseDescriptorLimit() == HostLimits.descriptorLimit())
    }
}
