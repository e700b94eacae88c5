import Synchronization

@testable import echod

/// Keeps lines, or refuses them like a terminal that nobody reads.
final class MemorySink: LogSink {
    private let lines = Mutex<[String]>([])
    let isBlocked = Atomic<Bool>(false)

    func write(_ line: [UInt8]) -> Bool {
        guard !isBlocked.load(ordering: .relaxed) else { return false }
        // Without the time stamp, which has 24 bytes and a space.
        let text = String(decoding: line.dropFirst(25), as: UTF8.self)
        lines.withLock { $0.append(text) }
        return true
    }

    func takeLines() -> [String] {
        lines.withLock { lines in
            defer { lines = [] }; return lines
        }
    }
}
