/// Writes one log line as bytes. Pure: the time is a parameter.
///
/// A line is at most 4096 bytes, its newline included: up to PIPE_BUF a write to a pipe is whole or not at all
/// (pipe(7)), so that lines of several threads need no lock to stay apart.
struct LogLine {
    static let longest = 4096

    private(set) var bytes: [UInt8] = []
    /// What was appended did not fit; everything after it is left out.
    private(set) var isFull = false
    /// The last bytes are kept for what must stand at the end of a line.
    private let room: Int

    init(reserving end: Int) {
        room = Self.longest - end
        bytes.reserveCapacity(512)
    }

    /// Appends the whole of it or, when there is no room, nothing.
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

    /// As many bytes of it as there is room for: for text in which every byte stands for itself.
    mutating func append(prefixOf new: some Collection<UInt8>) {
        guard !isFull else { return }
        isFull = bytes.count + new.count > room
        bytes.append(contentsOf: new.prefix(max(0, room - bytes.count)))
    }

    /// Appends the end of the line, for which room was reserved.
    mutating func end(with text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Takes back what was appended after `count` bytes; the line stays full.
    mutating func rollBack(to count: Int) {
        bytes.removeSubrange(count...)
    }

    /// The bytes 32 to 126, which no terminal takes for a command.
    static func isPlain(_ byte: UInt8) -> Bool { byte &- 32 < 95 }

    static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

extension LogLine {
    /// `2026-11-21T12:00:00.123Z`, for nanoseconds since 1970 (UTC, proleptic Gregorian).
    mutating func append(timestamp nanoseconds: Int64) {
        let (seconds, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let (days, second) = seconds.quotientAndRemainder(dividingBy: 86400)
        let (year, month, day) = Self.date(daysSince1970: days)
        append("0000-00-00T00:00:00.000Z")
        guard !isFull else { return }
        // In place and all at once: an append a digit costs as much as the rest of a line.
        bytes.withUnsafeMutableBufferPointer { bytes in
            let start = bytes.count - 24
            Self.put(year, digits: 4, at: start, in: bytes)
            Self.put(month, digits: 2, at: start + 5, in: bytes)
            Self.put(day, digits: 2, at: start + 8, in: bytes)
            Self.put(second / 3600, digits: 2, at: start + 11, in: bytes)
            Self.put(second / 60 % 60, digits: 2, at: start + 14, in: bytes)
            Self.put(second % 60, digits: 2, at: start + 17, in: bytes)
            Self.put(remainder / 1_000_000, digits: 3, at: start + 20, in: bytes)
        }
    }

    private static func put(_ number: Int64, digits: Int, at start: Int, in bytes: UnsafeMutableBufferPointer<UInt8>) {
        var rest = UInt32(truncatingIfNeeded: number)
        var index = start + digits
        while index > start {
            index -= 1
            bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// Counts in years that begin in March, so that the leap day is the last of its year, and in eras of 400 years,
    /// which all have 146,097 days.
    private static func date(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let sinceMarch0000 = days + 719_468
        let (era, dayOfEra) = sinceMarch0000.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }
}
