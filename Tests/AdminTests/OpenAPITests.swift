import EchoCore
import FoundationEssentials
import MicroHTTPD
import Testing

@testable import Admin

@Suite("OpenAPI document")
struct OpenAPITests {
    private let router = Router(service: FakeService(), configuration: .test, process: { nil })

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
        #expect(Set(described) == Set(router.routes.map { "\($0.method.rawValue) \($0.template.text)" }))
        #expect(described.count == router.routes.count)
    }

    @Test func operations_haveNamesOfTheirOwn_andEachStatusOnce() {
        #expect(Set(router.routes.map(\.operation.id)).count == router.routes.count)
        for route in router.routes {
            let statuses = route.operation.answers.map(\.status)
            #expect(Set(statuses).count == statuses.count, "\(route.operation.id)")
            #expect((route.template.placeholder == nil) == (route.operation.segment == nil), "\(route.operation.id)")
        }
    }

    @Test func everyParameterIsDescribed() throws {
        let paths = try #require(try document()["paths"])
        for route in router.routes {
            let operation = paths[route.template.text]?[route.method.rawValue.lowercased()]
            let names = operation?["parameters"]?.elements.compactMap { $0["name"] } ?? []
            #expect(route.parameters.allSatisfy { names.contains(.string($0.name)) })
        }
    }

    @Test func everyReferenceLeadsSomewhere() throws {
        let document = try document()
        let names = try #require(document["components"]?["schemas"]).members.keys
        #expect(document.references.isSubset(of: Set(names.map { "#/components/schemas/\($0)" })))
        #expect(!document.references.isEmpty)
    }

    @Test func documentsThatAreSent_haveExactlyTheKeysOfTheirSchemas() throws {
        expect(JSONValue(encoding: StatusDocument(.sample)), isA: "Status")
        expect(JSONValue(encoding: StatusDocument(.sample, joined: true)), isA: "StatusOfDrainRequest")
        let page = ConnectionPage(connections: [.sample], next: 3, total: 9)
        expect(JSONValue(parsing: ConnectionDocument.one(.sample)), isA: "Connection")
        expect(JSONValue(parsing: ConnectionDocument.page(page)), isA: "ConnectionPage")
        expect(JSONValue(parsing: HistoryDocument.write([ServiceSample()])), isA: "History")
        expect(JSONValue(parsing: try send(request(.get, "/nope")).body), isA: "Problem")
    }

    @Test func examples_haveTheKeysOfTheirSchemas() {
        for content in router.routes.flatMap(\.operation.answers).flatMap(\.contents) {
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

    /// Where a value has other keys than its schema; types are the judges' to compare.
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
        guard let properties = schema["properties"]?.members else { return nil }
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

    fileprivate var references: Set<String> {
        var found: Set<String> = []
        if case .string(let reference)? = self["$ref"] { found.insert(reference) }
        for part in Array(members.values) + elements { found.formUnion(part.references) }
        return found
    }
}
