/// A wall-clock instant in the format of RFC 3339, in UTC with milliseconds: `2026-11-21T12:00:00.000Z`.
package enum Timestamp {
    /// In bytes.
    package static let length = 24

    package static func text(unixNanoseconds: Int64) -> String {
        String(unsafeUninitializedCapacity: length) { bytes in
            write(unixNanoseconds: unixNanoseconds, to: bytes)
            return length
        }
    }

    /// Fills the first `length` bytes. Writes in place, because appending the digits one by one would cost a log line
    /// as much as everything else.
    package static func write(unixNanoseconds: Int64, to bytes: UnsafeMutableBufferPointer<UInt8>) {
        let milliseconds = floorDivide(unixNanoseconds, 1_000_000).quotient
        let (day, ofDay) = floorDivide(milliseconds, 86_400_000)
        let (year, month, dayOfMonth) = civilDate(daysSince1970: day)
        put(year, digits: 4, before: "-", at: 0, in: bytes)
        put(month, digits: 2, before: "-", at: 5, in: bytes)
        put(dayOfMonth, digits: 2, before: "T", at: 8, in: bytes)
        put(ofDay / 3_600_000, digits: 2, before: ":", at: 11, in: bytes)
        put(ofDay / 60_000 % 60, digits: 2, before: ":", at: 14, in: bytes)
        put(ofDay / 1000 % 60, digits: 2, before: ".", at: 17, in: bytes)
        put(ofDay % 1000, digits: 3, before: "Z", at: 20, in: bytes)
    }

    private static func put(
        _ number: Int64, digits: Int, before separator: Unicode.Scalar, at start: Int,
        in bytes: UnsafeMutableBufferPointer<UInt8>
    ) {
        var rest = UInt32(truncatingIfNeeded: number)
        for index in (start..<start + digits).reversed() {
            bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        bytes[start + digits] = UInt8(ascii: separator)
    }

    /// The proleptic Gregorian date. Years are counted from March, so that the leap day is the last of its year, and
    /// in eras of 400 years, which all have the same number of days. `Int64` nanoseconds reach from 1677 to 2262.
    private static func civilDate(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivide(daysSince1970 + daysFromEraTo1970, daysPerEra)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    private static let daysPerEra: Int64 = 146_097
    /// From 0000-03-01 to 1970-01-01.
    private static let daysFromEraTo1970: Int64 = 719_468

    /// Rounds down also before 1970.
    private static func floorDivide(_ dividend: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
