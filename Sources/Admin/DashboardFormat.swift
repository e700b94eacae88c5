internal import EchoCore

/// How the dashboard writes figures. `format.js` does the same for what comes later.
enum DashboardFormat {
    /// `16,384`
    static func count(_ number: some BinaryInteger) -> String {
        let digits = Array(String(number))
        var grouped = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { grouped.append(",") }
            grouped.append(digit)
        }
        return grouped
    }

    /// Three significant digits and the unit of a thousand: `512 B`, `1.05 MB`.
    static func bytes(_ number: some BinaryInteger) -> String { bytes(Double(number)) }

    static func bytes(_ number: Double) -> String {
        guard number >= 999.5 else { return "\(Int(number.rounded())) B" }
        let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
        var amount = number / 1000
        var unit = 0
        while amount >= 999.5, unit < units.count - 1 {
            amount /= 1000
            unit += 1
        }
        let decimals = amount < 9.995 ? 2 : amount < 99.95 ? 1 : 0
        return "\(fixed(amount, decimals: decimals)) \(units[unit])"
    }

    /// Whole above ten, one digit below, so that a slow service does not read as a dead one.
    static func rate(_ number: Double) -> String {
        number > 0 && number < 9.95 ? fixed(number, decimals: 1) : count(UInt64(number.rounded()))
    }

    /// `16.9 s`
    static func seconds(_ duration: Duration) -> String {
        "\(fixed(Double(max(0, duration.inMilliseconds)) / 1000, decimals: 1)) s"
    }

    static func plural(_ number: some BinaryInteger, _ one: String) -> String {
        "\(count(number)) \(one)\(number == 1 ? "" : "s")"
    }

    private static func fixed(_ number: Double, decimals: Int) -> String {
        let scale = (0..<decimals).reduce(1) { power, _ in power * 10 }
        let scaled = Int64((number * Double(scale)).rounded())
        guard decimals > 0 else { return String(scaled) }
        let fraction = String(scaled % Int64(scale))
        return "\(scaled / Int64(scale)).\(String(repeating: "0", count: decimals - fraction.utf8.count))\(fraction)"
    }
}
