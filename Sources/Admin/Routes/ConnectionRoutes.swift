internal import Basics
internal import EchoCore
internal import MicroHTTPD
internal import Wire

/// `GET /connections`, `GET /connections/{id}` and `DELETE /connections/{id}`.
enum ConnectionRoutes {
    static let list = Endpoint(
        summary: "the open ones; with state=closed the last 1,000 that ended",
        parameters: [state, blockedOn, peer, sort, limit, after, .format],
        operation: Operation(
            "listConnections", .connections,
            Answer(
                status: 200, meaning: "One page, as JSON, or as a table with format=text.",
                contents: [.json("ConnectionPage", example: OpenAPIExamples.page), .text()],
                links: [
                    "getConnection": ["id": "$response.body#/connections/0/id"],
                    "closeConnection": ["id": "$response.body#/connections/0/id"],
                ]),
            didNotAnswer)
    ) { request throws(Problem) in
        let query = try query(request.arguments)
        let format = try request.arguments.choice(.format, of: TextFormat.self)
        let service = request.context.service
        return .deferred { answer in
            service.connections(query) { makePage in
                guard let makePage else { return answer.complete(noAnswer.response) }
                answer.complete {
                    switch format {
                    case .text: .text(status: 200, ConnectionTable(makePage()).text)
                    case nil: .json(status: 200, bytes: ConnectionDocument.page(makePage()))
                    }
                }
            }
        }
    }

    static let one = Endpoint(
        summary: "one connection, as JSON",
        operation: Operation(
            "getConnection", .connections, segment: idSchema,
            .json(200, "The connection.", "Connection", example: OpenAPIExamples.connection),
            .problem(404, "Neither open nor among the last 1,000 that closed."), didNotAnswer)
    ) { request throws(Problem) in
        let name = PrintableText.quote(request.segment ?? "")
        let missing = Problem.notFound(
            "Connection \(name) is neither open nor among the last 1,000 that closed. \(listHint)")
        let id = try id(request, missing)
        let service = request.context.service
        return .deferred { answer in
            service.connection(id: id) { answer.complete(response(200, $0, missing)) }
        }
    }

    static let close = Endpoint(
        summary: "close it with its answers and end of file, or abort it", parameters: [mode],
        operation: Operation(
            "closeConnection", .connections, segment: idSchema,
            .json(202, "It is being closed; the connection as it was.", "Connection"),
            .problem(404, "No such connection is open."), didNotAnswer)
    ) { request throws(Problem) in
        let name = PrintableText.quote(request.segment ?? "")
        let missing = Problem.notFound("Connection \(name) is not open. \(listHint)")
        let mode = try request.arguments.choice(mode, of: ConnectionCloseMode.self) ?? .close
        let id = try id(request, missing)
        let service = request.context.service
        return .deferred { answer in
            service.closeConnection(id: id, mode: mode) { answer.complete(response(202, $0, missing)) }
        }
    }

    private static let idSchema: JSONValue = ["type": "integer", "minimum": 1]

    private static let state = Parameter(name: "state", kind: .choice(ConnectionState.allCases.map(\.rawValue)))
    private static let peer = Parameter(name: "peer", kind: .peer, meaning: "Only connections from this address.")
    private static let sort = Parameter(
        name: "sort", kind: .choice(ConnectionQuery.Order.allCases.map(\.rawValue)),
        meaning: "By id ascending; by anything else, the largest first.")
    private static let limit = Parameter(
        name: "limit", kind: .integer(1...UInt64(ServiceLimits.rowsPerPage)),
        meaning: "Rows of a page, \(ServiceLimits.defaultRowsPerPage) if not given.")
    private static let after = Parameter(
        name: "after", kind: .integer(0...UInt64.max), meaning: "Only higher ids; works only with sort=id.")
    private static let blockedOn = Parameter(name: "blocked_on", kind: .choice(Blocker.allCases.map(\.rawValue)))
    private static let mode = Parameter(
        name: "mode", kind: .choice(ConnectionCloseMode.allCases.map(\.rawValue)),
        meaning: "With end of file from the server, or by a reset.")

    private static func query(_ arguments: Arguments) throws(Problem) -> ConnectionQuery {
        let order = try arguments.choice(sort, of: ConnectionQuery.Order.self) ?? .id
        let after = try arguments.integer(after)
        guard after == nil || order == .id else {
            throw .badRequest(
                "The parameter \"after\" is an id and works only with sort=id, not with sort=\(order.rawValue). "
                    + "Leave one of them out.")
        }
        return ConnectionQuery(
            state: try arguments.choice(state, of: ConnectionState.self),
            blockedOn: try arguments.choice(blockedOn, of: Blocker.self), peer: try arguments.peer(peer),
            order: order, limit: try arguments.integer(limit).map { Int($0) } ?? ServiceLimits.defaultRowsPerPage,
            after: after)
    }

    private static func id(_ request: RoutedRequest, _ missing: Problem) throws(Problem) -> UInt64 {
        // One spelling per id: no sign, no leading zero.
        guard let segment = request.segment, let id = UInt64(segment), String(id) == segment else { throw missing }
        return id
    }

    private static func response(_ status: Int, _ lookup: ConnectionLookup, _ missing: Problem) -> HTTPResponse {
        switch lookup {
        case .found(let connection): .json(status: status, bytes: ConnectionDocument.one(connection))
        case .notFound: missing.response
        case .noAnswer: noAnswer.response
        }
    }

    private static let listHint = "GET /connections lists the open ones."

    private static let noAnswer = Problem.unavailable(
        "An event loop did not answer within a second. Try again. If this continues, GET /livez says that the loop is "
            + "stuck.",
        retryAfter: 1)

    private static let didNotAnswer = Answer.problem(
        503, "An event loop did not answer within a second.", headers: Operation.retryAfter)
}
