import EventLoops

/// Descriptors are shared between echo clients, who may have all but 64, and the admin plane. Without room a new admin
/// connection is closed at once: the C library would spin on EMFILE.
final class DescriptorBudget: Sendable {
    /// For the process itself: standard streams, loops, listeners, log files; and those of clients being refused.
    private static let ownUse = 24

    private let limit: Int
    private let users = Lock<[@Sendable () -> Int]>([])

    init(limit: Int) {
        self.limit = limit - Self.ownUse
    }

    /// `count` tells how many descriptors somebody uses now; it must not block.
    func add(_ count: @escaping @Sendable () -> Int) {
        users.withLock { $0.append(count) }
    }

    var hasRoom: Bool {
        let users = self.users.withLock { $0 }
        return users.reduce(0) { $0 + $1() } < limit
    }
}
