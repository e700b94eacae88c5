/// A count for each of a set of names. All are present in JSON, so that a reader need not tell "none" from "unknown".
package struct Counts<Name>: Hashable, Sendable, Codable, ExpressibleByDictionaryLiteral
where Name: RawRepresentable<String> & CaseIterable & Hashable & Sendable {
    private var counts: [Name: UInt64]

    package init(_ counts: [Name: UInt64] = [:]) {
        self.counts = Dictionary(uniqueKeysWithValues: Name.allCases.map { ($0, counts[$0] ?? 0) })
    }

    package init(dictionaryLiteral elements: (Name, UInt64)...) {
        self.init(Dictionary(uniqueKeysWithValues: elements))
    }

    package subscript(name: Name) -> UInt64 {
        get { counts[name] ?? 0 }
        set { counts[name] = newValue }
    }

    package var total: UInt64 { counts.values.reduce(0, +) }

    /// What was counted between two instants; `start` is the earlier one.
    package static func - (end: Counts, start: Counts) -> Counts {
        Counts(end.counts.merging(start.counts, uniquingKeysWith: -))
    }

    package init(from decoder: any Decoder) throws {
        self.init(try decoder.knownMembers())
    }

    package func encode(to encoder: any Encoder) throws {
        try encoder.encode(members: counts)
    }
}

/// Counts of what needs attention: JSON omits the zeros.
@propertyWrapper
package struct WithoutZeros<Name>: Hashable, Sendable, Codable
where Name: RawRepresentable<String> & Hashable & Sendable {
    package var wrappedValue: [Name: Int]

    package init(wrappedValue: [Name: Int]) {
        self.wrappedValue = wrappedValue
    }

    package init(from decoder: any Decoder) throws {
        wrappedValue = try decoder.knownMembers()
    }

    package func encode(to encoder: any Encoder) throws {
        try encoder.encode(members: wrappedValue.filter { $0.value != 0 })
    }
}

/// A member whose name is data.
private struct MemberName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Decoder {
    /// The members of an object whose names this version knows. A later version may send others: they are ignored, so
    /// that the rest can still be shown.
    fileprivate func knownMembers<Name: RawRepresentable<String> & Hashable, Value: Decodable>() throws -> [Name: Value]
    {
        let object = try container(keyedBy: MemberName.self)
        var members: [Name: Value] = [:]
        for key in object.allKeys {
            if let name = Name(rawValue: key.stringValue) { members[name] = try object.decode(Value.self, forKey: key) }
        }
        return members
    }
}

extension Encoder {
    /// Adds members to the object that is being encoded.
    fileprivate func encode<Name: RawRepresentable<String>>(members: [Name: some Encodable]) throws {
        var object = container(keyedBy: MemberName.self)
        for (name, value) in members { try object.encode(value, forKey: MemberName(stringValue: name.rawValue)) }
    }
}
