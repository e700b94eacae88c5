internal import Logs
package import Synchronization
import Threads

/// Keeps lines, or refuses them like a terminal without a reader.
package final class MemorySink: LogSink {
    private let lines = Mutex<[String]>([])
    package let isBlocked = Atomic<Bool>(false)

    package init() {}

    package func write(_ line: [UInt8]) -> Bool {
        guard !isBlocked.load(ordering: .relaxed) else { return false }
        // Without the time stamp, which has 24 bytes and a space.
        let text = String(decoding: line.dropFirst(25), as: UTF8.self)
        lines.withLock { $0.append(text) }
        return true
    }

    package func takeLines() -> [String] {
        lines.withLock { lines in
            defer { lines = [] }; return lines
        }
    }
}
