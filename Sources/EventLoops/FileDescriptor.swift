internal import Glibc

/// Owns a descriptor and closes it once, when it ends.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The number, for calls that borrow the descriptor.
    package let number: Int32

    /// Takes over an open descriptor.
    package init(owning number: Int32) {
        precondition(number >= 0)
        self.number = number
    }

    /// Gives the number away; whoever takes it closes it.
    package consuming func release() -> Int32 {
        let number = self.number
        discard self
        return number
    }

    deinit {
        // The result is of no use: on Linux the number is free whatever close(2) returns, EINTR included.
        _ = Glibc.close(number)
    }
}
