internal import Glibc

/// Looks again and again until the state is there; false after `seconds`. The nap between two looks leaves the CPU to
/// what is waited for.
package func eventually(within seconds: Int = 10, _ isReached: () -> Bool) -> Bool {
    let deadline = monotonicNanoseconds() + Int64(seconds) * 1_000_000_000
    while !isReached() {
        guard monotonicNanoseconds() < deadline else { return false }
        usleep(500)
    }
    return true
}

/// Whether a state stays for this long: for what must not happen before its time.
package func remains(_ milliseconds: Int, _ isHeld: () -> Bool) -> Bool {
    let deadline = monotonicNanoseconds() + Int64(milliseconds) * 1_000_000
    while monotonicNanoseconds() < deadline {
        guard isHeld() else { return false }
        usleep(500)
    }
    return true
}

package func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// A path for a Unix socket that no other test uses; nothing is there.
package func temporarySocketPath(_ name: String) -> String {
    let path = "/tmp/echod-test-\(getpid())-\(name)-\(monotonicNanoseconds() % 1_000_000_007).sock"
    unlink(path)
    return path
}

package func removeFile(_ path: String) {
    unlink(path)
}
