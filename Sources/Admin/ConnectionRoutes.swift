internal import EchoCore
internal import MicroHTTPD

/// `GET /connections`, `GET /connections/{id}` and `DELETE /connections/{id}`.
struct ConnectionRoutes: Sendable {
    let service: any ServiceControl

    var routes: [Route] {
        [
            Route(
                method: .get, template: "/connections", parameters: Self.parameters,
                summary: "the open ones; with state=closed the last 1,000 that ended", operation: .listConnections,
                handler: list),
            Route(
                method: .get, template: "/connections/{id}", summary: "one connection, as JSON",
                operation: .getConnection, handler: one),
            Route(
                method: .delete, template: "/connections/{id}", parameters: [Self.mode],
                summary: "close it, answered and with end of file, or abort", operation: .closeConnection,
                handler: close),
        ]
    }

    private static let state = Parameter(name: "state", kind: .choice(ConnectionState.allCases.map(\.rawValue)))
    private static let peer = Parameter(name: "peer", kind: .peer, meaning: "Only those from this address.")
    private static let sort = Parameter(
        name: "sort", kind: .choice(ConnectionQuery.Order.allCases.map(\.rawValue)),
        meaning: "By id upwards, by all else the largest first.")
    private static let limit = Parameter(
        name: "limit", kind: .integer(1...1000), meaning: "Rows of a page, 100 if not given.")
    private static let after = Parameter(
        name: "after", kind: .integer(0...UInt64.max), meaning: "Only higher ids; goes only with sort=id.")
    private static let format = Parameter(name: "format", kind: .choice(ListFormat.allCases.map(\.rawValue)))
    private static let blockedOn = Parameter(name: "blocked_on", kind: .choice(Blocker.allCases.map(\.rawValue)))
    private static let mode = Parameter(
        name: "mode", kind: .choice(ConnectionCloseMode.allCases.map(\.rawValue)),
        meaning: "With our end of file, or by a reset.")
    private static let parameters = [state, blockedOn, peer, sort, limit, after, format]

    /// JSON is what one gets without naming a format.
    private enum ListFormat: String, CaseIterable {
        case text
    }

    private func list(_ request: RoutedRequest) throws(Problem) -> HTTPReply {
        let query = try Self.query(request.arguments)
        let format = try request.arguments.choice(Self.format, of: ListFormat.self)
        return .deferred { [service] answer in
            service.connections(query) { makePage in
                guard let makePage else { return answer.complete(Self.noAnswer.response) }
                answer.complete {
                    switch format {
                    case .text: .text(status: 200, ConnectionTable(makePage()).text)
                    case nil: .json(status: 200, bytes: ConnectionDocument.page(makePage()))
                    }
                }
            }
        }
    }

    private static func query(_ arguments: Arguments) throws(Problem) -> ConnectionQuery {
        let order = try arguments.choice(sort, of: ConnectionQuery.Order.self) ?? .id
        let after = try arguments.integer(after)
        guard after == nil || order == .id else {
            throw .badRequest(
                "The parameter \"after\" is an id and goes only with sort=id, not with sort=\(order.rawValue). "
                    + "Leave one of them out.")
        }
        return ConnectionQuery(
            state: try arguments.choice(state, of: ConnectionState.self),
            blockedOn: try arguments.choice(blockedOn, of: Blocker.self), peer: try arguments.peer(peer),
            order: order, limit: Int(try arguments.integer(limit) ?? 100), after: after)
    }

    private func one(_ request: RoutedRequest) throws(Problem) -> HTTPReply {
        let missing = Self.notFound(request, "neither open nor among the last 1,000 that closed")
        let id = try Self.id(request, missing)
        return .deferred { [service] answer in
            service.connection(id: id) { answer.complete(Self.response(200, $0, missing)) }
        }
    }

    private func close(_ request: RoutedRequest) throws(Problem) -> HTTPReply {
        let missing = Self.notFound(request, "at least none that is open")
        let mode = try request.arguments.choice(Self.mode, of: ConnectionCloseMode.self) ?? .close
        let id = try Self.id(request, missing)
        return .deferred { [service] answer in
            service.closeConnection(id: id, mode: mode) { answer.complete(Self.response(202, $0, missing)) }
        }
    }

    private static func id(_ request: RoutedRequest, _ missing: Problem) throws(Problem) -> UInt64 {
        // One spelling an id: no sign, no leading zero.
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

    private static func notFound(_ request: RoutedRequest, _ extent: String) -> Problem {
        .notFound(
            "There is no connection \(PrintableText.quote(request.segment ?? "")), \(extent). "
                + "GET /connections lists them.")
    }

    private static let noAnswer = Problem.unavailable(
        "An event loop did not answer within a second. Try again; if it stays so, /livez will say that it is stuck.",
        retryAfter: 1)
}
