internal import EchoCore
internal import MicroHTTPD
internal import Threads

/// The OpenAPI 3.1 document, made from the router's table: what is not a route cannot be in it.
enum OpenAPIDocument {
    /// `GET /openapi.json`. Writing the document takes milliseconds, in which no other client is served, so it is
    /// written once, for the first request.
    static let endpoint = Endpoint(
        summary: "this API, as OpenAPI 3.1",
        operation: Operation(
            "getOpenAPI", .process,
            Answer(
                status: 200, meaning: "This document.",
                contents: [.init(mediaType: "application/json", schema: ["type": "object"], example: nil)]))
    ) { request in
        let context = request.context
        if let response = context.openAPI.withLock({ $0 }) { return .response(response) }
        let document = describing(Route.table, version: context.configuration.version)
        let response = HTTPResponse.json(status: 200, document)
        context.openAPI.withLock { $0 = response }
        return .response(response)
    }

    static func describing(_ routes: [Route], version: String) -> JSONValue {
        [
            "openapi": "3.1.0",
            "info": ["title": "echod admin API", "version": .string(version), "description": .string(introduction)],
            // Relative to this document, so that it holds below a path prefix too.
            "servers": [["url": "./"]],
            "tags": .array(
                Operation.Tag.allCases.map { ["name": .string($0.rawValue), "description": .string($0.meaning)] }),
            "paths": paths(routes),
            "components": [
                "schemas": .object(OpenAPISchemas.all),
                "securitySchemes": [
                    "token": [
                        "type": "http", "scheme": "bearer",
                        "description": "The content of the file of --admin-token-file, where echod was given one.",
                    ]
                ],
            ],
        ]
    }

    private static let introduction = """
        Parameters go into the query only; a request with a body is refused, and so is one with a parameter that is \
        unknown, repeated, empty or not understood: nothing has happened then. HEAD works where GET does, except for \
        /prestop. Errors are problem+json (RFC 9457), except those of requests that are not valid HTTP (400, 414, 431, \
        505). Every answer has Cache-Control: no-store.
        """

    private static func paths(_ routes: [Route]) -> JSONValue {
        let operations = Dictionary(grouping: routes, by: \.template.text).mapValues { routes in
            JSONValue.object(
                Dictionary(uniqueKeysWithValues: routes.map { ($0.method.rawValue.lowercased(), operation($0)) }))
        }
        return .object(operations)
    }

    private static func operation(_ route: Route) -> JSONValue {
        let operation = route.endpoint.operation
        let answers = operation.answers + refusals(of: route)
        var members: [String: JSONValue] = [
            "operationId": .string(operation.id),
            "tags": [.string(operation.tag.rawValue)],
            "summary": .string(route.endpoint.summary),
            "responses": .object(
                Dictionary(answers.map { ("\($0.status)", response($0)) }, uniquingKeysWith: { own, _ in own })),
        ]
        let parameters = segments(of: route) + headers(of: operation) + route.endpoint.parameters.map(\.openAPI)
        if !parameters.isEmpty { members["parameters"] = .array(parameters) }
        // Without --admin-token-file it is the peer's address that counts.
        if route.isMutation { members["security"] = [["token": []], [:]] }
        return .object(members)
    }

    private static func refusals(of route: Route) -> [Answer] {
        let refusals = [
            Answer.problem(400, "A parameter or body that this endpoint does not take, or a malformed request."),
            Answer.problem(403, "An unknown Host, a page of another site, or a peer that is not allowed."),
            // The library's last answer to a waiting client; a route that knows more about its 503 says so itself.
            Answer.problem(503, "The process is about to end, and the answer is no longer known."),
        ]
        guard route.isMutation else { return refusals }
        return refusals + [
            .problem(401, "The token is missing or wrong.", headers: ["WWW-Authenticate": "The scheme, Bearer."])
        ]
    }

    private static func segments(of route: Route) -> [JSONValue] {
        guard let name = route.template.placeholder, let schema = route.endpoint.operation.segment else { return [] }
        return [["name": .string(name), "in": "path", "required": true, "schema": schema]]
    }

    private static func headers(of operation: Operation) -> [JSONValue] {
        guard let header = operation.requiredHeader else { return [] }
        return [
            [
                "name": .string(header.name), "in": "header", "required": true,
                "schema": Schema.oneOf([header.value]),
            ]
        ]
    }

    private static func response(_ answer: Answer) -> JSONValue {
        let contents = answer.contents.map { content in
            (content.mediaType, JSONValue.object(["schema": content.schema]).withExample(content.example))
        }
        let headers = answer.headers.mapValues { meaning -> JSONValue in
            ["description": .string(meaning), "schema": Schema.text]
        }
        let links = answer.links.map { id, parameters in
            let parameters = JSONValue.object(parameters.mapValues(JSONValue.string))
            return (id, JSONValue.object(["operationId": .string(id), "parameters": parameters]))
        }
        var members: [String: JSONValue] = [
            "description": .string(answer.meaning), "content": .object(Dictionary(uniqueKeysWithValues: contents)),
        ]
        if !headers.isEmpty { members["headers"] = .object(headers) }
        if !links.isEmpty { members["links"] = .object(Dictionary(uniqueKeysWithValues: links)) }
        return .object(members)
    }
}

extension JSONValue {
    fileprivate func withExample(_ example: JSONValue?) -> JSONValue { example.map { with(["example": $0]) } ?? self }
}

extension Parameter {
    /// The parameter as a member of an operation. That a flag may stand alone can only be said in words: OpenAPI's
    /// `allowEmptyValue` means `name=`, which is refused.
    fileprivate var openAPI: JSONValue {
        let words = [meaning, "Allowed: \(allowed).", isFlag ? "It may stand alone, without a value." : ""]
        return [
            "name": .string(name), "in": "query", "required": .bool(isRequired), "schema": schema,
            "description": .string(words.filter { !$0.isEmpty }.joined(separator: " ")),
        ]
    }

    private var schema: JSONValue {
        switch kind {
        case .choice(let names): Schema.oneOf(names)
        case .integer(let range):
            ["type": "integer", "minimum": .unsigned(range.lowerBound), "maximum": .unsigned(range.upperBound)]
        // A pattern cannot express the range; the description gives it.
        case .duration: ["type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"]
        case .peer: ["type": "string", "minLength": 1]
        }
    }
}
