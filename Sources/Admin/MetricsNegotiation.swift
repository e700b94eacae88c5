/// Chooses the form of the metrics by `Accept` (RFC 9110, 12.5.1): the one with the higher quality, the text format
/// where they are equal, and also where neither is acceptable, for people and scrapers that ask for something else.
enum MetricsNegotiation {
    /// `accept`: the values of all headers of that name.
    static func choose(accept: [String]) -> MetricsExposition {
        let ranges = accept.flatMap { $0.split(separator: ",") }.compactMap { MediaRange($0) }
        let openMetrics = quality(of: .openMetrics, in: ranges)
        return openMetrics > quality(of: .text, in: ranges) ? .openMetrics : .text
    }

    /// In thousandths. The range that names the form most closely decides; 0 where none does.
    private static func quality(of form: MetricsExposition, in ranges: [MediaRange]) -> Int {
        ranges.compactMap { range in range.closeness(to: form).map { ($0, range.quality) } }.max { $0 < $1 }?.1 ?? 0
    }
}

/// One element of `Accept`. Parameters other than the version and the quality choose nothing here.
private struct MediaRange {
    private let type: String
    private let version: String?
    /// In thousandths.
    let quality: Int

    /// nil for what is not one.
    init?(_ element: Substring) {
        let parts = element.split(separator: ";", omittingEmptySubsequences: false).map(Self.trim)
        guard let type = parts.first, type.contains("/") else { return nil }
        var version: String?
        var quality = 1000
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(Self.trim)
            guard pair.count == 2 else { continue }
            switch pair[0].lowercased() {
            case "version": version = Self.unquote(pair[1])
            case "q":
                guard let number = Self.thousandths(pair[1]) else { return nil }
                quality = number
            default: break
            }
        }
        self.type = type.lowercased()
        self.version = version
        self.quality = quality
    }

    /// The more the closer; nil where it does not mean this form.
    func closeness(to form: MetricsExposition) -> Int? {
        let (name, version) =
            switch form {
            case .text: ("text/plain", "0.0.4")
            case .openMetrics: ("application/openmetrics-text", "1.0.0")
            }
        if type == "*/*" { return 0 }
        if type == name.prefix(while: { $0 != "/" }) + "/*" { return 1 }
        guard type == name else { return nil }
        guard let wanted = self.version else { return 2 }
        return wanted == version ? 3 : nil
    }

    /// `0`, `0.35`, `1.000`: at most three decimals, at most 1 (RFC 9110, 12.4.2).
    private static func thousandths(_ text: Substring) -> Int? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, whole == "0" || whole == "1" else { return nil }
        let decimals = parts.count > 1 ? parts[1] : ""
        guard decimals.utf8.count <= 3, decimals.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        let padded = decimals + String(repeating: "0", count: 3 - decimals.utf8.count)
        guard let fraction = Int(padded) else { return nil }
        let number = (whole == "1" ? 1000 : 0) + fraction
        return number <= 1000 ? number : nil
    }

    private static func unquote(_ text: Substring) -> String {
        String(text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"") ? text.dropFirst().dropLast() : text)
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
