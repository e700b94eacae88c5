package import EventLoops

/// Why an admin API gave no answer, in words for a person.
package struct AdminClientError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// None of its addresses could be connected to: nothing was asked.
        case unreachable
        case timedOut
        /// The connection ended before the answer was whole: what was asked may have been done.
        case connectionLost
        /// The server that answered does not speak HTTP, or is not echod.
        case malformedAnswer
    }

    package let code: Code
    package let description: String

    package init(code: Code, description: String) {
        self.code = code
        self.description = description
    }
}

extension AdminClientError {
    /// The same error for a server that has answered before: then there is no question whether it runs, and where.
    package var afterAnswers: AdminClientError {
        switch code {
        case .unreachable, .timedOut, .connectionLost:
            let reason = description.prefix { $0 != "\n" }
            return AdminClientError(
                code: code,
                description: "the server no longer answers: \(reason)\n"
                    + "if it ended, its exit code, log or --report says how")
        case .malformedAnswer: return self
        }
    }

    static func unreachable(_ target: AdminTarget, _ failures: [(SocketAddress, String)]) -> AdminClientError {
        let reasons = failures.map { address, reason in
            address.description == target.name ? reason : "\(address): \(reason)"
        }
        return AdminClientError(
            code: .unreachable,
            description: "cannot connect to \(target.name): \(reasons.joined(separator: "; "))\n"
                + "is echod running, and is this its --admin address?")
    }

    /// `isMutation`: the request would have changed something. A server that was stopped may still do it when it
    /// continues.
    static func timedOut(_ address: SocketAddress, after limit: Duration, isMutation: Bool) -> AdminClientError {
        AdminClientError(
            code: .timedOut,
            description: "\(address) gave no answer within \(limit.components.seconds) s"
                + (isMutation ? "; \(mayBeDone)" : ""))
    }

    static let mayBeDone = "it may still do what was asked"

    static func lost(_ address: SocketAddress, _ reason: String) -> AdminClientError {
        AdminClientError(code: .connectionLost, description: "\(address): \(reason)")
    }

    /// `reason` quotes nothing from the answer.
    package static func malformed(_ address: SocketAddress, _ reason: String) -> AdminClientError {
        AdminClientError(
            code: .malformedAnswer, description: "what answers at \(address) is no echod admin: \(reason)")
    }
}
