internal import CLinux
internal import Glibc

/// Signals as readable events of a loop, through signalfd(2).
package final class SignalSource: ReadinessHandler {
    private let descriptor: FileDescriptor
    private let received: (Int32) -> Void
    private var registration: Registration?

    /// Blocks `signals` in the calling thread and in all threads that it starts later. Call it before the first thread
    /// starts: a thread that does not block one of them would receive it and end the process.
    package static func block(_ signals: [Int32]) {
        var set = mask(signals)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Ignores SIGPIPE for the process, so that a write to a closed pipe fails instead. Writes to sockets also ask for
    /// this themselves; this call is for pipes and libraries.
    package static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// Undoes `block`, for a command that signals end as they end every other program.
    package static func restoreDefaults(_ signals: [Int32]) {
        // Swift's runtime treats SIGQUIT as a crash and would print a backtrace.
        for number in signals where !isIgnored(number) { signal(number, SIG_DFL) }
        var set = mask(signals)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    /// True under nohup(1), and in background jobs of a plain shell. C compares handlers with SIG_IGN, the number 1;
    /// Swift cannot compare functions.
    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        return sigaction(number, nil, &action) == 0
            && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }

    /// Those of `signals` that the parent process has not set to be ignored. A signalfd would deliver ignored signals
    /// too.
    package static func heeded(_ signals: [Int32]) -> [Int32] {
        signals.filter { !isIgnored($0) }
    }

    /// Ends the process the way `number` does by default, so that its parent sees which signal it was. It does so even
    /// if the signal is ignored: the caller has decided.
    package static func die(of number: Int32) -> Never {
        signal(number, SIG_DFL)
        restoreDefaults([number])
        raise(number)
        // Reached for a signal that does not end a process by default, or as process 1. A shell reports the same status
        // for the other signals.
        _exit(128 + number)
    }

    /// Stops the process as Ctrl-Z does; returns when it is continued.
    package static func stopProcess() {
        raise(SIGSTOP)
    }

    /// On the loop's thread; `received` is called there with the signal's number.
    package init(_ signals: [Int32], on loop: EventLoop, received: @escaping (Int32) -> Void) throws(SystemCallError) {
        var set = Self.mask(signals)
        descriptor = FileDescriptor(
            owning: try systemCall("signalfd") { signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK)) })
        self.received = received
        registration = try loop.register(self, descriptor: descriptor.number)
    }

    package func readinessChanged(_ readiness: Readiness) {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        while read(descriptor.number, &info, size) == size {
            received(Int32(info.ssi_signo))
        }
    }

    package func timerFired() {}

    private static func mask(_ signals: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }
}
