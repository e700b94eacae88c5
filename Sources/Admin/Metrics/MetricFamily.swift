/// One metric with all its series, as a value: both text formats are written from it.
struct MetricFamily: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case counter, gauge
        /// The labels hold the information; the value is 1.
        case info
    }

    /// Base units, which the name ends in (OpenMetrics 1.0, "Unit").
    enum Unit: String, Hashable, Sendable {
        case bytes, seconds
    }

    struct Sample: Hashable, Sendable {
        var labels: Labels = [:]
        var value: Value
    }

    /// The labels of a series, by name; the values may be any text. Kept as both formats write them, because most
    /// series live as long as the process: `{path="/drain",code="200"}`, or nothing.
    struct Labels: Hashable, Sendable, ExpressibleByDictionaryLiteral {
        let text: [UInt8]

        init(dictionaryLiteral pairs: (String, String)...) {
            var text: [UInt8] = []
            if !pairs.isEmpty { text.reserveCapacity(64) }
            for (name, value) in pairs {
                text.append(UInt8(ascii: text.isEmpty ? "{" : ","))
                text += name.utf8
                text += "=\"".utf8
                text.appendEscaped(value, quotes: true)
                text.append(UInt8(ascii: "\""))
            }
            if !text.isEmpty { text.append(UInt8(ascii: "}")) }
            self.text = text
        }
    }

    enum Value: Hashable, Sendable {
        case integer(UInt64)
        /// Finite.
        case real(Double)
    }

    /// Without the suffix that the kind or the unit adds: `echod_received`, not `echod_received_bytes_total`.
    var name: String
    var kind: Kind
    var unit: Unit?
    /// For a person, in a sentence.
    var help: String
    /// Each with the same label names; a family without samples is not written.
    var samples: [Sample]

    /// The name without what the kind adds: `echod_received_bytes`.
    var nameWithUnit: String { unit.map { "\(name)_\($0.rawValue)" } ?? name }

    /// What the samples are called: `echod_received_bytes_total`.
    var sampleName: String {
        switch kind {
        case .counter: nameWithUnit + "_total"
        case .gauge: nameWithUnit
        case .info: nameWithUnit + "_info"
        }
    }
}

extension MetricFamily {
    /// One series without labels.
    init(_ kind: Kind, _ name: String, unit: Unit? = nil, _ value: Value, help: String) {
        self.init(name: name, kind: kind, unit: unit, help: help, samples: [Sample(value: value)])
    }

    /// A series for each value of one label.
    init(
        _ kind: Kind, _ name: String, unit: Unit? = nil, by label: String, _ series: [(String, UInt64)], help: String
    ) {
        let samples = series.map { Sample(labels: [label: $0.0], value: .integer($0.1)) }
        self.init(name: name, kind: kind, unit: unit, help: help, samples: samples)
    }
}
