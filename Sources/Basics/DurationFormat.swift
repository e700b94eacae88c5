/// Durations as people write them: a whole number and one unit, `500ms`, `20s`, `2m` or `1h`.
///
/// Options and query parameters share this format, so that `--drain-timeout 20s` and `?timeout=20s` cannot diverge.
package enum DurationFormat {
    /// Why a text is not a duration, and what to write instead.
    package struct Failure: Error, Hashable, CustomStringConvertible {
        package var description: String

        package init(description: String) {
            self.description = description
        }
    }

    /// Reads a duration. The caller checks that it is in range.
    package static func parse(_ text: String) throws(Failure) -> Duration {
        let digits = text.utf8.prefix(while: \.isASCIIDigit)
        let unit = String(text.utf8.dropFirst(digits.count)) ?? ""
        guard !digits.isEmpty else { throw Failure(description: notADuration) }
        guard !unit.isEmpty else { throw Failure(description: bareNumber(String(digits) ?? text)) }
        guard let nanoseconds = nanosecondsPerUnit(unit) else {
            throw Failure(description: unknownUnit(unit, amount: String(digits) ?? ""))
        }
        guard let amount = Int64(String(digits) ?? "") else { throw Failure(description: tooLong) }
        let (product, overflows) = amount.multipliedReportingOverflow(by: nanoseconds)
        guard !overflows else { throw Failure(description: tooLong) }
        return .nanoseconds(product)
    }

    /// Writes a duration in the largest unit that gives a whole number; `parse` reads it back. Fractions of a
    /// millisecond are dropped.
    package static func print(_ duration: Duration) -> String {
        let milliseconds = duration.inMilliseconds
        guard milliseconds != 0 else { return "0s" }
        for (unit, size): (String, Int64) in [("h", 3_600_000), ("m", 60_000), ("s", 1000)]
        where milliseconds % size == 0 {
            return "\(milliseconds / size)\(unit)"
        }
        return "\(milliseconds)ms"
    }

    /// Writes a duration for reading at a glance, in two units at most, as `kubectl get` shows ages: `80ms`, `9s`,
    /// `2m05s`, `3h20m`, `4d06h`. Smaller units are dropped, and a negative duration is `0ms`.
    package static func span(_ duration: Duration) -> String {
        let milliseconds = max(0, duration.inMilliseconds)
        let seconds = milliseconds / 1000
        switch seconds {
        case 0: return "\(milliseconds)ms"
        case ..<60: return "\(seconds)s"
        case ..<3600: return "\(seconds / 60)m\(twoDigits(seconds % 60))s"
        case ..<86_400: return "\(seconds / 3600)h\(twoDigits(seconds / 60 % 60))m"
        default: return "\(seconds / 86_400)d\(twoDigits(seconds / 3600 % 24))h"
        }
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension DurationFormat {
    private static let notADuration = "this is not a duration: write, for example, 500ms, 20s, 2m or 1h"
    private static let tooLong = "this is too long for a duration"

    private static func nanosecondsPerUnit(_ unit: String) -> Int64? {
        switch unit {
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        default: nil
        }
    }

    /// The sum of a compound such as `1h30m`, which other programs accept.
    private static func compound(_ text: String) -> Duration? {
        var sum = Duration.zero
        var rest = text.utf8[...]
        while !rest.isEmpty {
            let digits = rest.prefix(while: \.isASCIIDigit)
            let unit = rest.dropFirst(digits.count).prefix { !$0.isASCIIDigit }
            // More digits would make a poor suggestion, and could overflow.
            let length = digits.count + unit.count
            guard digits.count <= 6, let part = try? parse(String(Substring(rest.prefix(length)))) else { return nil }
            sum += part
            rest = rest.dropFirst(length)
        }
        return sum
    }

    private static func bareNumber(_ number: String) -> String {
        // A number of 40 digits would make a poor suggestion.
        guard number.utf8.count <= 9 else { return "a duration needs a unit: ms, s, m or h" }
        return "a duration needs a unit, write \(number)s for seconds"
    }

    private static func unknownUnit(_ unit: String, amount: String) -> String {
        if unit.first == "." || unit.first == "," {
            return "the amount must be a whole number: write 1500ms, not 1.5s"
        }
        if unit.utf8.contains(where: \.isASCIIDigit) {
            let sum = compound("\(amount)\(unit)").map { "write \(print($0)), not \(amount)\(unit)" }
            return "a duration has one amount and one unit: \(sum ?? "write 90m, not 1h30m")"
        }
        let lowercased = unit.lowercased()
        if amount.utf8.count <= 9, nanosecondsPerUnit(lowercased) != nil {
            return "units are lower-case: write \(amount)\(lowercased)"
        }
        return "the unit must be ms, s, m or h, as in 500ms, 20s, 2m or 1h"
    }
}
