import Basics

/// Writes one log line as bytes. Pure: the time is a parameter.
///
/// A line is at most 4096 bytes, its newline included: up to PIPE_BUF a write to a pipe is whole or not at all
/// (pipe(7)), so that lines of several threads need no lock to stay apart.
struct LogLine {
    static let longest = 4096

    private(set) var bytes: [UInt8] = []
    /// What was appended did not fit; everything after it is left out.
    private(set) var isFull = false
    /// How many bytes fit before those that are reserved for the end of a line.
    private let room: Int

    init(reserving end: Int) {
        room = Self.longest - end
        bytes.reserveCapacity(512)
    }

    /// Appends all of it or, if there is no room, nothing.
    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }

    mutating func append(_ byte: UInt8) {
        guard !isFull, bytes.count < room else { return isFull = true }
        bytes.append(byte)
    }

    mutating func append(contentsOf new: some Collection<UInt8>) {
        guard !isFull, bytes.count + new.count <= room else { return isFull = true }
        bytes.append(contentsOf: new)
    }

    /// Appends as many bytes as there is room for. Only for text without escapes.
    mutating func append(prefixOf new: some Collection<UInt8>) {
        guard !isFull else { return }
        isFull = bytes.count + new.count > room
        bytes.append(contentsOf: new.prefix(max(0, room - bytes.count)))
    }

    /// Appends the end of the line, for which room was reserved.
    mutating func end(with text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Removes what was appended after `count` bytes; the line stays full.
    mutating func rollBack(to count: Int) {
        bytes.removeSubrange(count...)
    }
}

extension LogLine {
    /// `2026-11-21T12:00:00.123Z`, for nanoseconds since 1970.
    mutating func append(timestamp nanoseconds: Int64) {
        append(contentsOf: repeatElement(0, count: Timestamp.length))
        guard !isFull else { return }
        bytes.withUnsafeMutableBufferPointer { bytes in
            Timestamp.write(unixNanoseconds: nanoseconds, to: .init(rebasing: bytes.suffix(Timestamp.length)))
        }
    }
}
