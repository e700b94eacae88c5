/// The two text forms in which Prometheus takes metrics.
///
/// Sources: prometheus.io, "Exposition formats"; the OpenMetrics 1.0 specification. They differ in how a counter's
/// metadata is called, in the types that exist, in the unit's line and in the end.
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

    /// The whole answer.
    func write(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families where !family.samples.isEmpty { write(family, to: &text) }
        if self == .openMetrics { text += "# EOF\n" }
        return text
    }

    private func write(_ family: MetricFamily, to text: inout String) {
        let name = metadataName(of: family)
        text += "# HELP \(name) \(Self.escape(family.help, quotes: self == .openMetrics))\n"
        text += "# TYPE \(name) \(type(of: family.kind))\n"
        if self == .openMetrics, let unit = family.unit { text += "# UNIT \(name) \(unit.rawValue)\n" }
        for sample in family.samples {
            text += family.sampleName
            if !sample.labels.isEmpty {
                let labels = sample.labels.map { "\($0.name)=\"\(Self.escape($0.value, quotes: true))\"" }
                text += "{\(labels.joined(separator: ","))}"
            }
            text += " \(Self.number(sample.value))\n"
        }
    }

    /// In OpenMetrics the metadata names the family, in the older format each of its samples.
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

    private static func escape(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += #"\\"#
            case "\n": escaped += #"\n"#
            case "\"" where quotes: escaped += #"\""#
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
