internal import Basics

/// A value or an explicit `null`. The key is always present, whereas a synthesized encoder omits it for nil.
@propertyWrapper
package struct Nullable<Value: Codable & Hashable & Sendable>: Codable, Hashable, Sendable {
    package var wrappedValue: Value?

    package init(wrappedValue: Value?) {
        self.wrappedValue = wrappedValue
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        wrappedValue = container.decodeNil() ? nil : try container.decode(Value.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue {
            try container.encode(wrappedValue)
        } else {
            try container.encodeNil()
        }
    }
}

/// A time as a whole number of milliseconds. Decoding fails if the time does not fit in an `Int64` of nanoseconds (292
/// years); no echod sends such a time.
@propertyWrapper
package struct Milliseconds: Codable, Hashable, Sendable {
    package var wrappedValue: Duration

    package init(wrappedValue: Duration) {
        self.wrappedValue = wrappedValue
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let number = try container.decode(Int64.self)
        guard (Int64.min / 1_000_000...Int64.max / 1_000_000).contains(number) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "too long")
        }
        wrappedValue = .milliseconds(number)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue.inMilliseconds)
    }
}

/// A time in milliseconds, or an explicit `null`.
@propertyWrapper
package struct NullableMilliseconds: Codable, Hashable, Sendable {
    @Nullable private var time: Milliseconds?

    package init(wrappedValue: Duration?) {
        time = wrappedValue.map(Milliseconds.init)
    }

    package var wrappedValue: Duration? {
        get { time?.wrappedValue }
        set { time = newValue.map(Milliseconds.init) }
    }

    package init(from decoder: any Decoder) throws {
        _time = try Nullable(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        try _time.encode(to: encoder)
    }
}
