internal import Wire

/// JSON Schema, as OpenAPI 3.1 uses it.
enum Schema {
    /// Every key is always present and there are no others: the contract uses null where a value is missing.
    static func object(_ properties: [String: JSONValue]) -> JSONValue {
        [
            "type": "object", "additionalProperties": false, "properties": .object(properties),
            "required": .array(properties.keys.sorted().map(JSONValue.string)),
        ]
    }

    static func array(of items: JSONValue) -> JSONValue { ["type": "array", "items": items] }

    static func oneOf(_ names: [String]) -> JSONValue {
        ["type": "string", "enum": .array(names.map(JSONValue.string))]
    }

    static func cases<Case: RawRepresentable<String> & CaseIterable>(of type: Case.Type) -> JSONValue {
        oneOf(type.allCases.map(\.rawValue))
    }

    /// The same schema, or null.
    static func nullable(_ schema: JSONValue) -> JSONValue {
        guard let type = schema["type"] else { return ["oneOf": [schema, ["type": "null"]]] }
        let schema = schema.with(["type": [type, "null"]])
        guard case .array(let values)? = schema["enum"] else { return schema }
        return schema.with(["enum": .array(values + [.null])])
    }

    static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }

    static let count: JSONValue = ["type": "integer", "minimum": 0]
    static let text: JSONValue = ["type": "string"]
    static let flag: JSONValue = ["type": "boolean"]
}

/// What the admin's documents look like, by name. `OpenAPITests` compares the keys with those that are sent.
enum OpenAPISchemas {
    static var all: [String: JSONValue] {
        [
            "Config": config, "Connection": connection, "ConnectionPage": connectionPage, "Drain": drain,
            "History": history, "LogLevel": logLevel, "Problem": problem, "Status": Schema.object(status),
            "StatusOfDrainRequest": Schema.object(statusOfDrainRequest),
        ]
    }

    private static let status: [String: JSONValue] = [
        "admin": Schema.array(of: Schema.text),
        "bytes": Schema.object([
            "received": Schema.count, "sent": Schema.count, "unacked": Schema.count, "unread": Schema.count,
        ]),
        "connections": Schema.object([
            "accepted": Schema.count, "active": Schema.count,
            "closed": Schema.object(counts(of: CloseReason.self)),
        ]),
        "drain": Schema.nullable(Schema.reference("Drain")),
        "exit_code": ["type": ["integer", "null"], "enum": [0, 1, 2, 3, .null]],
        "in_state_ms": Schema.count,
        "lines": Schema.count,
        "listen": Schema.array(of: Schema.text),
        "pid": ["type": "integer", "minimum": 1],
        "ready": Schema.flag,
        "state": Schema.cases(of: ServiceState.self),
        "uptime_ms": Schema.count,
        "version": Schema.text,
    ]

    private static let statusOfDrainRequest = status.merging(["joined": Schema.flag]) { own, _ in own }

    private static let drain = Schema.object(
        counts(of: DrainCounter.self).merging([
            "accept_queue": Schema.cases(of: AcceptQueueGuarantee.self),
            // Blockers that no connection waits for are left out.
            "blocked_on": [
                "type": "object", "additionalProperties": false, "properties": .object(counts(of: Blocker.self)),
            ],
            "deadline_in_ms": Schema.nullable(Schema.count),
            "delay_ms": Schema.count,
            "elapsed_ms": Schema.count,
            "id": ["type": "integer", "minimum": 1],
            "intent": Schema.cases(of: DrainIntent.self),
            "mode": Schema.cases(of: DrainMode.self),
            "result": Schema.nullable(Schema.cases(of: DrainResult.self)),
            "timeout_ms": Schema.count,
            "trigger": Schema.cases(of: DrainTrigger.self),
            "waiters": Schema.count,
        ]) { own, _ in own })

    private static let connection = Schema.object([
        "age_ms": Schema.count,
        "blocked_on": Schema.nullable(Schema.cases(of: Blocker.self)),
        "id": ["type": "integer", "minimum": 1],
        "idle_ms": Schema.count,
        "late_discarded": Schema.count,
        "lines": Schema.count,
        "local": Schema.text,
        "mode": Schema.cases(of: EchoMode.self),
        "opened_at": ["type": "string", "format": "date-time"],
        "partial_line": Schema.nullable(Schema.count),
        "peer": Schema.text,
        "reason": Schema.nullable(Schema.cases(of: CloseReason.self)),
        "received": Schema.count,
        "sent": Schema.count,
        "state": Schema.cases(of: ConnectionState.self),
        "unacked": Schema.count,
        "unread": Schema.count,
    ])

    private static let connectionPage = Schema.object([
        "connections": Schema.array(of: Schema.reference("Connection")),
        "next": Schema.nullable(Schema.count),
        "total": Schema.count,
    ])

    private static let history = Schema.object([
        "active": Schema.array(of: Schema.count),
        "lines": Schema.array(of: Schema.count),
        "received": Schema.array(of: Schema.count),
        "sent": Schema.array(of: Schema.count),
        "uptime_ms": Schema.array(of: Schema.count),
    ])

    private static let problem = Schema.object([
        "detail": Schema.text, "status": ["type": "integer", "minimum": 400, "maximum": 599], "title": Schema.text,
        "type": ["type": "string", "format": "uri-reference"],
    ])

    private static let logLevel = Schema.object(["level": Schema.text])

    private static let config = Schema.object([
        "options": [
            "type": "object",
            "additionalProperties": Schema.object([
                "source": Schema.text,
                "value": [
                    "type": ["string", "integer", "boolean", "array", "null"], "items": Schema.text,
                ],
            ]),
        ]
    ])

    private static func counts<Case: RawRepresentable<String> & CaseIterable>(
        of type: Case.Type
    ) -> [String: JSONValue] {
        Dictionary(uniqueKeysWithValues: type.allCases.map { ($0.rawValue, Schema.count) })
    }
}
