import EchoCore
import FoundationEssentials
import MicroHTTPD
import Testing
import Wire

@testable import Admin

@Suite("OpenAPI document")
struct OpenAPITests {
    private func document() throws -> JSONValue {
        let response = try send(request(.get, "/openapi.json"))
        #expect(response.status == 200)
        #expect(response.header("Content-Type") == "application/json")
        return try JSONDecoder().decode(JSONValue.self, from: Data(response.body))
    }

    @Test func everyRouteIsInIt_andNothingElse() throws {
        let described = try #require(try document()["paths"]).members.flatMap { path, operations in
            operations.members.keys.map { "\($0.uppercased()) \(path)" }
        }
        #expect(Set(described) == Set(Route.table.map { "\($0.method.rawValue) \($0.template.text)" }))
        #expect(described.count == Route.table.count)
    }

    @Test func operations_haveNamesOfTheirOwn_andEachStatusOnce() {
        #expect(Set(Route.table.map(\.endpoint.operation.id)).count == Route.table.count)
        for route in Route.table {
            let statuses = route.endpoint.operation.answers.map(\.status)
            #expect(Set(statuses).count == statuses.count, "\(route.endpoint.operation.id)")
            #expect(
                (route.template.placeholder == nil) == (route.endpoint.operation.segment == nil),
                "\(route.endpoint.operation.id)")
        }
    }

    @Test func everyParameterIsDescribed() throws {
        let paths = try #require(try document()["paths"])
        for route in Route.table {
            let operation = paths[route.template.text]?[route.method.rawValue.lowercased()]
            let names = operation?["parameters"]?.elements.compactMap { $0["name"] } ?? []
            #expect(route.endpoint.parameters.allSatisfy { names.contains(.string($0.name)) })
        }
    }

    @Test func everyReferenceLeadsSomewhere() throws {
        let document = try document()
        let names = try #require(document["components"]?["schemas"]).members.keys
        #expect(document.references.isSubset(of: Set(names.map { "#/components/schemas/\($0)" })))
        #expect(!document.references.isEmpty)
    }

    @Test func documentsThatAreSent_haveExactlyTheKeysOfTheirSchemas() throws {
        for (name, values) in try Self.documents() {
            for value in values { #expect(difference(value, Schema.reference(name)) == nil, "\(name)") }
        }
        expect(JSONValue(parsing: HistoryDocument.write([ServiceSample()])), isA: "History")
        expect(JSONValue(parsing: try send(request(.get, "/nope")).body), isA: "Problem")
    }

    /// The values of a document include one with nothing missing, and one without anything that can be missing.
    @Test func whatCanBeNull_isNullableInItsSchema_andNothingElse() throws {
        for (name, values) in try Self.documents() {
            let properties = try #require(OpenAPISchemas.all[name]?["properties"]).members
            let nulls = values.flatMap { $0.members.filter { $0.value == .null }.keys }
            #expect(Set(nulls) == Set(properties.filter { $0.value.allowsNull }.keys), "\(name)")
        }
    }

    private static func documents() throws -> [String: [JSONValue]] {
        var full = ServiceStatus.sample
        full.exitCode = 3
        full.drain?.result = .lost
        var empty = full
        empty.drain = nil
        empty.exitCode = nil
        var joined = [full, empty]
        for index in joined.indices { joined[index].joined = true }
        let over = full.drain.map { drain in
            var over = drain
            (over.deadlineIn, over.result) = (nil, nil)
            return [drain, over]
        }
        var closed = ConnectionInfo.sample
        (closed.reason, closed.blockedOn, closed.partialLine) = (.idle, .peerRead, 3)
        var open = closed
        (open.reason, open.blockedOn, open.partialLine) = (nil, nil, nil)
        let pages = [3, nil].map { ConnectionPage(connections: [closed, open], next: $0, total: 9) }
        return try [
            "Status": encoded([full, empty]), "StatusOfDrainRequest": encoded(joined), "Drain": encoded(over ?? []),
            "Connection": encoded([closed, open]), "ConnectionPage": encoded(pages),
            "Problem": encoded([ProblemDetails(detail: "", status: 400, title: "")]),
        ]
    }

    private static func encoded(_ values: [some Encodable]) throws -> [JSONValue] {
        try values.map { try #require(JSONValue(encoding: $0)) }
    }

    @Test func examples_haveTheKeysOfTheirSchemas() {
        for content in Route.table.flatMap(\.endpoint.operation.answers).flatMap(\.contents) {
            if let example = content.example { #expect(difference(example, content.schema) == nil) }
        }
    }

    @Test func keysThatDiffer_areFound() {
        #expect(difference(["level": "info", "more": 1], Schema.reference("LogLevel")) != nil)
        #expect(difference([:], Schema.reference("LogLevel")) != nil)
        #expect(difference(["level": "info"], Schema.reference("LogLevel")) == nil)
    }

    private func expect(_ value: JSONValue?, isA name: String) {
        #expect(value.map { difference($0, Schema.reference(name)) } == .some(nil), "\(name)")
    }

    /// Where a value has other keys than its schema, or another type.
    private func difference(_ value: JSONValue, _ schema: JSONValue) -> String? {
        if case .string(let reference)? = schema["$ref"] {
            let name = reference.split(separator: "/").last.map(String.init) ?? ""
            return OpenAPISchemas.all[name].map { difference(value, $0) } ?? "no schema \(name)"
        }
        if let choices = schema["oneOf"]?.elements {
            if value == .null { return nil }
            return choices.compactMap { difference(value, $0) }.first
        }
        if let items = schema["items"] {
            return value.elements.compactMap { difference($0, items) }.first
        }
        guard let properties = schema["properties"]?.members else {
            return schema.admits(value) ? nil : "\(value) is not \(schema)"
        }
        let required = Set((schema["required"]?.elements ?? []).map { $0 })
        let keys = Set(value.members.keys.map(JSONValue.string))
        guard required.isSubset(of: keys), keys.allSatisfy({ properties.keys.map(JSONValue.string).contains($0) })
        else { return "\(keys) are not \(required)" }
        return value.members.compactMap { key, member in properties[key].flatMap { difference(member, $0) } }.first
    }
}

extension JSONValue {
    fileprivate var members: [String: JSONValue] { if case .object(let members) = self { members } else { [:] } }
    fileprivate var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }

    /// Of a schema.
    fileprivate var allowsNull: Bool {
        self["type"] == "null" || self["type"]?.elements.contains("null") == true
            || self["oneOf"]?.elements.contains(where: \.allowsNull) == true
    }

    /// Of a schema; numbers and strings only.
    fileprivate func admits(_ value: JSONValue) -> Bool {
        let types = self["type"].map { [$0] + $0.elements } ?? []
        return switch value {
        case .integer, .unsigned: types.contains("integer")
        case .string: types.contains("string") && (self["enum"].map { $0.elements.contains(value) } ?? true)
        case .bool: types.contains("boolean")
        default: true
        }
    }

    fileprivate var references: Set<String> {
        var found: Set<String> = []
        if case .string(let reference)? = self["$ref"] { found.insert(reference) }
        for part in Array(members.values) + elements { found.formUnion(part.references) }
        return found
    }
}
