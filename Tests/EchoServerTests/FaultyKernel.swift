import CLinux
import EventLoops
import Glibc
import TestSupport
import Threads

/// The kernel on a bad day, for the data plane's sockets: calls fail as a test says, or at random from a seed. What it
/// passes on is the kernel's, so that clients and time are real.
final class FaultyKernel: KernelCalls, Sendable {
    enum Call: CaseIterable {
        case recv, send, accept4, shutdown, epollControl
    }

    private struct Watch {
        var epoll: Int32
        var event: epoll_event
    }

    private struct State {
        /// What the next calls fail with; they are taken from the front.
        var failures: [Call: [Int32]] = [:]
        /// nil: nothing at random.
        var random: SeededGenerator?
        var watches: [Int32: Watch] = [:]
        var injected = 0
    }

    private let state: Lock<State>

    /// With a seed, calls are interrupted, come too early, take a part or find no memory.
    init(seed: UInt64? = nil) {
        state = Lock(State(random: seed.map { SeededGenerator(seed: $0) }))
    }

    /// How many calls did not go to the kernel as they were made.
    var injected: Int { state.withLock { $0.injected } }

    /// The next calls fail with these, one after the other.
    func fail(_ call: Call, with codes: [Int32]) { state.withLock { $0.failures[call] = codes } }

    // MARK: KernelCalls

    func recv(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32) -> Int {
        transfer(.recv, descriptor, count) { Glibc.recv(descriptor, buffer, $0, flags) }
    }

    func send(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32) -> Int {
        transfer(.send, descriptor, count) { Glibc.send(descriptor, bytes, $0, flags) }
    }

    func accept4(
        _ descriptor: Int32, _ address: UnsafeMutablePointer<sockaddr>?, _ length: UnsafeMutablePointer<socklen_t>?,
        _ flags: Int32
    ) -> Int32 {
        if let failure = failing(.accept4) ?? sometimes([EINTR, EAGAIN, ECONNABORTED]) {
            if errno == EAGAIN { announceAgain(descriptor, keepingErrno: true) }
            return failure
        }
        return CLinux.accept4(descriptor, address, length, flags)
    }

    func shutdown(_ descriptor: Int32, _ how: Int32) -> Int32 {
        failing(.shutdown) ?? sometimes([EINTR, ENOBUFS]) ?? Glibc.shutdown(descriptor, how)
    }

    func epoll_wait(
        _ epoll: Int32, _ events: UnsafeMutablePointer<epoll_event>?, _ count: Int32, _ timeout: Int32
    ) -> Int32 { sometimes([EINTR]) ?? CLinux.epoll_wait(epoll, events, count, timeout) }

    func epoll_ctl(
        _ epoll: Int32, _ operation: Int32, _ descriptor: Int32, _ event: UnsafeMutablePointer<epoll_event>
    ) -> Int32 {
        if let failure = failing(.epollControl) { return failure }
        if operation == EPOLL_CTL_ADD {
            state.withLock { $0.watches[descriptor] = Watch(epoll: epoll, event: event.pointee) }
        }
        return CLinux.epoll_ctl(epoll, operation, descriptor, event)
    }

    // MARK: Faults

    private func failing(_ call: Call) -> Int32? {
        let code = state.withLock { state in
            guard let codes = state.failures[call], let code = codes.first else { return Int32(0) }
            state.failures[call] = Array(codes.dropFirst())
            state.injected += 1
            return code
        }
        guard code != 0 else { return nil }
        errno = code
        return -1
    }

    /// At random, one call in four.
    private func sometimes(_ codes: [Int32]) -> Int32? {
        let code = state.withLock { state -> Int32? in
            guard var random = state.random else { return nil }
            defer { state.random = random }
            guard random.next() % 4 == 0 else { return nil }
            state.injected += 1
            return codes.randomElement(using: &random)
        }
        guard let code else { return nil }
        errno = code
        return -1
    }

    private enum Chance { case none, part(Int), failure(Int32) }

    private func transfer(_ call: Call, _ descriptor: Int32, _ count: Int, _ body: (Int) -> Int) -> Int {
        if let failure = failing(call) { return Int(failure) }
        switch chance(count) {
        case .none: return body(count)
        case .part(let part):
            let result = body(part)
            announceAgain(descriptor)
            return result
        case .failure(let code):
            if code == EAGAIN { announceAgain(descriptor) }
            errno = code
            return -1
        }
    }

    private func chance(_ count: Int) -> Chance {
        state.withLock { state in
            guard var random = state.random else { return .none }
            defer { state.random = random }
            let draw = random.next() % 16
            guard draw < 7 else { return .none }
            state.injected += 1
            switch draw {
            case 0, 1: return .failure(EINTR)
            case 2, 3: return .failure(EAGAIN)
            case 4, 5: return .part(1 + Int(random.next() % UInt64(max(1, count))))
            default: return .failure(random.next() % 2 == 0 ? ENOBUFS : ENOMEM)
            }
        }
    }

    /// The kernel announces readiness once. After what it would not have done, it must be asked to do so again.
    private func announceAgain(_ descriptor: Int32, keepingErrno: Bool = false) {
        let code = errno
        defer { if keepingErrno { errno = code } }
        guard var watch = state.withLock({ $0.watches[descriptor] }) else { return }
        _ = CLinux.epoll_ctl(watch.epoll, EPOLL_CTL_MOD, descriptor, &watch.event)
    }
}
