/// The two text formats that Prometheus accepts.
///
/// Sources: prometheus.io, "Exposition formats"; the OpenMetrics 1.0 specification. They differ in the name of a
/// counter's metadata, in the types that exist, in the unit's line and in the end.
enum MetricsExposition: Hashable, Sendable, CaseIterable {
    /// Text format 0.0.4.
    case text
    /// OpenMetrics 1.0.
    case openMetrics

    var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// The whole answer, as UTF-8.
    ///
    /// Bytes, not a `String`, which takes ten times as long to grow: this runs every few seconds beside the echo.
    func write(_ families: [MetricFamily]) -> [UInt8] {
        var text: [UInt8] = []
        // A scrape has some 10,000 bytes.
        text.reserveCapacity(16_384)
        for family in families where !family.samples.isEmpty { write(family, to: &text) }
        if self == .openMetrics { text += "# EOF\n".utf8 }
        return text
    }

    private func write(_ family: MetricFamily, to text: inout [UInt8]) {
        let name = metadataName(of: family)
        text += "# HELP \(name) ".utf8
        text.appendEscaped(family.help, quotes: self == .openMetrics)
        text += "\n# TYPE \(name) \(type(of: family.kind))\n".utf8
        if self == .openMetrics, let unit = family.unit { text += "# UNIT \(name) \(unit.rawValue)\n".utf8 }
        let sampleName = Array(family.sampleName.utf8)
        for sample in family.samples {
            text += sampleName
            text += sample.labels.text
            text.append(UInt8(ascii: " "))
            text += Self.number(sample.value).utf8
            text.append(UInt8(ascii: "\n"))
        }
    }

    /// In OpenMetrics the metadata names the family; in the older format it names the samples.
    private func metadataName(of family: MetricFamily) -> String {
        switch self {
        case .text: family.sampleName
        case .openMetrics: family.nameWithUnit
        }
    }

    private func type(of kind: MetricFamily.Kind) -> String {
        switch (kind, self) {
        case (.counter, _): "counter"
        case (.gauge, _), (.info, .text): "gauge"
        case (.info, .openMetrics): "info"
        }
    }

    private static func number(_ value: MetricFamily.Value) -> String {
        switch value {
        case .integer(let number): "\(number)"
        case .real(let number): "\(number)"
        }
    }
}

extension [UInt8] {
    /// Escapes as both formats require; a quote is escaped if the text is in quotes, and everywhere in OpenMetrics.
    mutating func appendEscaped(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append(contentsOf: #"\\"#.utf8)
            case UInt8(ascii: "\n"): append(contentsOf: #"\n"#.utf8)
            case UInt8(ascii: "\"") where quotes: append(contentsOf: #"\""#.utf8)
            default: append(byte)
            }
        }
    }
}
