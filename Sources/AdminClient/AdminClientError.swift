package import EventLoops

/// There is no answer of an admin, with words for a person.
package struct AdminClientError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// No address of it could be connected to: nothing was asked.
        case unreachable
        case timedOut
        /// The connection ended before the answer was whole: what was asked may have been done.
        case connectionLost
        /// What answered speaks no HTTP, or is no echod.
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
    /// The same of a server that has answered before: whether it runs and where is not the question then.
    package var afterAnswers: AdminClientError {
        switch code {
        case .unreachable, .timedOut, .connectionLost:
            let reason = description.prefix { $0 != "\n" }
            return AdminClientError(
                code: code,
                description: "the server does not answer any more: \(reason)\n"
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

    /// `isMutation`: what was asked would have changed something. A server that stood still may do it when it goes on.
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

    /// `reason` quotes nothing of the answer.
    package static func malformed(_ address: SocketAddress, _ reason: String) -> AdminClientError {
        AdminClientError(
            code: .malformedAnswer, description: "what answers at \(address) is no echod admin: \(reason)")
    }
}
