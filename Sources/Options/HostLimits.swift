internal import Glibc

/// What this machine grants the process, as far as defaults and limits of options depend on it.
package struct HostLimits: Hashable, Sendable {
    package static let loops = 1...256

    /// CPUs the process may keep busy.
    package var usableCPUs: Int

    package init(usableCPUs: Int) {
        self.usableCPUs = usableCPUs
    }

    /// Those of this process.
    package static func ofThisProcess() -> HostLimits {
        HostLimits(usableCPUs: UsableCPUs.count())
    }

    package var defaultLoops: Int {
        min(max(usableCPUs, Self.loops.lowerBound), Self.loops.upperBound)
    }

    /// Raises the soft descriptor limit to the hard one, which needs no privilege. Called once at the start.
    /// Returns the limit now in force: if the kernel refuses, fewer connections than configured can be accepted.
    package static func raiseDescriptorLimit() -> Int {
        var limit = rlimit()
        if getrlimit(descriptors, &limit) == 0 {
            limit.rlim_cur = limit.rlim_max
            setrlimit(descriptors, &limit)
        }
        return descriptorLimit()
    }

    /// Makes the kernel allocate room for `count` descriptors, 65,536 at most (512 KiB). Otherwise the kernel does so
    /// on demand, and in a process with threads each doubling of the table holds the accepting loop for 6 to 14 ms
    /// (`expand_fdtable` waits for RCU). So call this before the first thread starts. Needs standard input; without it
    /// nothing changes.
    package static func growDescriptorTable(to count: Int) {
        let last = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, Int32(min(count, 65_536) - 1))
        if last >= 0 { close(last) }
    }

    /// The limit in force.
    package static func descriptorLimit() -> Int {
        var limit = rlimit()
        // The kernel's default is a safe answer to a call that cannot fail.
        return getrlimit(descriptors, &limit) == 0 ? Int(clamping: limit.rlim_cur) : 1024
    }

    /// glibc declares resources as an enum in C, imported as a type of its own.
    private static var descriptors: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }
}
