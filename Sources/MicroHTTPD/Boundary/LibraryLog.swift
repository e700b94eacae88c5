internal import Basics
internal import Threads

/// The library's messages, made fit for a log: a client chooses some of the text and can make the library repeat itself
/// without end, so the text is escaped and its rate is limited.
final class LibraryLog: Sendable {
    private struct Rate {
        static let burst = 10

        var allowance = burst
        var refilled: MonotonicTime?
        var suppressed = 0

        /// Takes one message from the allowance. Returns how many were suppressed before it, or nil if this one is
        /// suppressed too.
        mutating func admit(at now: MonotonicTime) -> Int? {
            let seconds = (now - (refilled ?? now)).components.seconds
            if refilled == nil || seconds > 0 { refilled = now }
            allowance = Int(min(Int64(Self.burst), Int64(allowance) + max(0, seconds)))
            guard allowance > 0 else {
                suppressed += 1
                return nil
            }
            allowance -= 1
            defer { suppressed = 0 }
            return suppressed
        }
    }

    /// What the library logs for each Unix client that is handed to it, because the library takes it for a TCP client.
    private static let ofUnixClients = ["Setting TCP_", "Failed to push the data"].map { Array($0.utf8) }

    private let write: @Sendable (String) -> Void
    private let isUnix: Bool
    private let rate = Lock(Rate())

    /// `isUnix`: the server's clients come over a Unix socket.
    init(isUnix: Bool = false, write: @escaping @Sendable (String) -> Void) {
        self.isUnix = isUnix
        self.write = write
    }

    /// From any thread of the library, also while it holds a lock of its own.
    func record(_ message: [UInt8], now: MonotonicTime) {
        if isUnix, Self.ofUnixClients.contains(where: message.starts(with:)) { return }
        guard let suppressed = rate.withLock({ $0.admit(at: now) }) else { return }
        let text = Self.escape(message)
        write(suppressed == 0 ? text : "\(text) (\(suppressed) messages suppressed before this one)")
    }

    /// Line ends at the end are dropped.
    static func escape(_ message: [UInt8]) -> String {
        let end = message.lastIndex { $0 != UInt8(ascii: "\n") }.map { $0 + 1 } ?? 0
        return PrintableText.escape(message[..<end])
    }
}
