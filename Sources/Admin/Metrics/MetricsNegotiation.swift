/// Chooses the form of the metrics by `Accept` (RFC 9110, 12.5.1): the one with the higher quality, or the text format
/// if they are equal or neither is acceptable, for people and scrapers that ask for something else.
enum MetricsNegotiation {
    /// `accept`: the values of all headers of that name.
    static func choose(accept: [String]) -> MetricsExposition {
        let ranges = MediaRange.all(in: accept)
        let openMetrics = quality(of: .openMetrics, in: ranges)
        return openMetrics > quality(of: .text, in: ranges) ? .openMetrics : .text
    }

    /// In thousandths. The range that names the form most closely decides; 0 where none does.
    private static func quality(of form: MetricsExposition, in ranges: [MediaRange]) -> Int {
        ranges.compactMap { range in range.closeness(to: form).map { ($0, range.quality) } }.max { $0 < $1 }?.1 ?? 0
    }
}

extension MediaRange {
    /// Higher is closer; nil if the range does not mean this form.
    fileprivate func closeness(to form: MetricsExposition) -> Int? {
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
}
