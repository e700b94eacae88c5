internal import CLinux
internal import Glibc

/// A system call that failed: its name and `errno`.
package struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
    package let call: String
    package let code: Int32

    package init(call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// For people: `bind: Address already in use`.
    package var description: String { "\(call): \(Self.text(of: code))" }

    package var isAddressInUse: Bool { code == EADDRINUSE }

    /// Such as `EMFILE`; nil for a number that is not an error.
    package static func name(of code: Int32) -> String? {
        strerrorname_np(code).map { String(cString: $0) }
    }

    /// strerror(3) without its static buffer.
    package static func text(of code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let base = buffer.baseAddress, strerror_r(code, base, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: base)
        }
    }
}

/// Repeats `body` while it is interrupted by a signal; throws for every other negative result. EBADF traps: a closed
/// descriptor in use is a bug that would otherwise hit the next owner of its number.
@inline(__always)
@discardableResult
func systemCall<Value: SignedInteger>(_ name: StaticString, _ body: () -> Value) throws(SystemCallError) -> Value {
    while true {
        let value = body()
        if value >= 0 { return value }
        let code = errno
        if code == EINTR { continue }
        precondition(code != EBADF, "a closed descriptor was used")
        throw SystemCallError(call: name.description, code: code)
    }
}

/// The outcome of one read or write on a non-blocking descriptor.
package enum Transfer: Hashable, Sendable {
    /// At least one byte, or for a read 0 at the end of file.
    case bytes(Int)
    case wouldBlock
    case failed(FailedCall)
}

/// A call on a socket that failed, and who caused the failure: the only classification of the errors of recv(2),
/// send(2), accept(2) and shutdown(2) (docs/faults.md, section 2.1). SO_ERROR is not covered: it also returns the soft
/// errors of a live connection.
package struct FailedCall: Hashable, Sendable {
    package enum Owner: Sendable {
        /// The peer is gone, or the route to it.
        case peer
        /// The kernel lacks descriptors or memory. The same call may succeed later.
        case shortage
        /// An error that the kernel is not expected to return: a fault of this program, or of the kernel.
        case program
    }

    package let errno: Int32

    /// Traps if the descriptor or the memory is not what this program believes it to be: the next call could hit the
    /// connection of another client.
    package init(errno: Int32) {
        precondition(
            errno != EBADF && errno != ENOTSOCK && errno != EFAULT, "a call on something that is not an open socket")
        self.errno = errno
    }

    package var owner: Owner {
        switch errno {
        case EPIPE, ECONNRESET, ECONNABORTED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN: .peer
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: .shortage
        default: .program
        }
    }
}

@inline(__always)
func transfer(_ body: () -> Int) -> Transfer {
    while true {
        let count = body()
        if count >= 0 { return .bytes(count) }
        let code = errno
        if code == EINTR { continue }
        if code == EAGAIN || code == EWOULDBLOCK { return .wouldBlock }
        return .failed(FailedCall(errno: code))
    }
}

/// Owns a descriptor and closes it once, when it ends.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The number, for calls that borrow the descriptor.
    package let number: Int32

    /// Takes over an open descriptor.
    package init(owning number: Int32) {
        precondition(number >= 0)
        self.number = number
    }

    /// Gives the number away; its new owner closes it.
    package consuming func release() -> Int32 {
        let number = self.number
        discard self
        return number
    }

    deinit {
        // The result is useless: on Linux the number is free whatever close(2) returns, EINTR included.
        _ = Kernel.calls.close(number)
    }
}
