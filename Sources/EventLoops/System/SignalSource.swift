internal import CLinux
internal import Glibc

/// Signals as readable events of a loop, through signalfd(2).
package final class SignalSource: ReadinessHandler {
    private let descriptor: FileDescriptor
    private let received: (Int32) -> Void
    private var registration: Registration?

    /// Blocks `signals` in the calling thread and in all that it starts later. Call it before the first thread starts:
    /// a thread with one of them open would take it and end the process.
    package static func block(_ signals: [Int32]) {
        var set = mask(signals)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Ignores SIGPIPE for the process: a closed pipe is an error of the write. Writes to sockets also say so
    /// themselves, this is for pipes and libraries.
    package static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// Takes back `block`, for a command that dies of signals as every other program does.
    package static func restoreDefaults(_ signals: [Int32]) {
        // Swift's runtime takes SIGQUIT for a crash and would print a backtrace.
        for number in signals where !isIgnored(number) { signal(number, SIG_DFL) }
        var set = mask(signals)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    /// As under nohup(1), and for jobs in the background of a plain shell. C compares handlers with SIG_IGN, the number
    /// 1; Swift cannot compare functions.
    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        return sigaction(number, nil, &action) == 0
            && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }

    /// Those of `signals` that the parent process has not had ignored. Read from a descriptor they would come
    /// all the same.
    package static func heeded(_ signals: [Int32]) -> [Int32] {
        signals.filter { !isIgnored($0) }
    }

    /// Ends the process the way `number` does by default, so that its parent sees which signal it was. That
    /// it is ignored keeps nothing from it: the caller has decided.
    package static func die(of number: Int32) -> Never {
        signal(number, SIG_DFL)
        restoreDefaults([number])
        raise(number)
        // Of a signal that ends nothing by default, or as process 1; a shell would say the same of the others.
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
