/// What the library has to say, made fit for a log: a client chooses some of the text and can make the library repeat
/// itself without end, so the text is escaped and its rate is limited.
///
/// `@unchecked Sendable`: `allowance`, `refilled` and `suppressed` belong to `lock`.
final class LibraryLog: @unchecked Sendable {
    private static let burst = 10

    private let lock = Lock()
    private let write: @Sendable (String) -> Void
    private var allowance = LibraryLog.burst
    private var refilled: Instant?
    private var suppressed = 0

    init(write: @escaping @Sendable (String) -> Void) {
        self.write = write
    }

    /// From any thread of the library, also while it holds a lock of its own.
    func record(_ message: [UInt8], now: Instant) {
        let suppressed: Int? = lock.withLock {
            refill(now)
            guard allowance > 0 else {
                self.suppressed += 1
                return nil
            }
            allowance -= 1
            defer { self.suppressed = 0 }
            return self.suppressed
        }
        guard let suppressed else { return }
        let text = Self.escape(message)
        write(suppressed == 0 ? text : "\(text) (\(suppressed) messages suppressed before this one)")
    }

    private func refill(_ now: Instant) {
        guard let last = refilled else {
            refilled = now
            return
        }
        let seconds = Int(now.milliseconds(since: last)) / 1000
        guard seconds > 0 else { return }
        allowance = min(Self.burst, allowance + seconds)
        refilled = now
    }

    /// Bytes 32 to 126 pass, the rest and the backslash are shown in hexadecimal; line ends at the end are dropped.
    static func escape(_ message: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let end = message.lastIndex { $0 != UInt8(ascii: "\n") }.map { $0 + 1 } ?? 0
        var text: [UInt8] = []
        for byte in message[..<end] {
            if (32...126).contains(byte), byte != UInt8(ascii: "\\") {
                text.append(byte)
            } else {
                text += [UInt8(ascii: "\\"), UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
