/// A value that several threads may reach, one at a time, for the targets that know no event loop. Nothing that waits,
/// and nothing of the server's, may be called while it is held.
///
/// `@unchecked Sendable`: the value is reached only with the lock held.
package final class Locked<Value>: @unchecked Sendable {
    private let lock = Lock()
    private var value: Value

    package init(_ value: sending Value) {
        self.value = value
    }

    package func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        lock.withLock { body(&value) }
    }
}
