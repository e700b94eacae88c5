internal import Basics
internal import FoundationEssentials
package import Wire

/// An answer's JSON is not what this version of echod knows.
package struct ReadingError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}

/// What the admin sends as JSON.
package protocol AdminDocument: Decodable {
    /// What a user reads when the answer is something else.
    static var title: String { get }
}

extension ServiceStatus: AdminDocument {
    package static var title: String { "a status" }
}

extension ConnectionPage: AdminDocument {
    package static var title: String { "a list of connections" }
}

extension ProblemDetails: AdminDocument {
    package static var title: String { "a problem" }
}

extension AdminDocument {
    package init(json: [UInt8]) throws(ReadingError) {
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(json))
        } catch {
            throw ReadingError(description: "its answer is not \(Self.title) as this version of echod knows it")
        }
    }
}

/// What an answer other than the expected one says, for a person at a terminal.
package enum Refusal {
    /// In characters. A detail from echod has a few hundred, and a terminal should not get megabytes from any server.
    private static let longestDetail = 2000

    /// The `detail` of problem+json (RFC 9457), or what is known without one; escaped.
    package static func text(_ answer: HTTPAnswer) -> String {
        if isProblem(answer), let problem = try? ProblemDetails(json: answer.body) {
            return PrintableText.escape(String(problem.detail.prefix(longestDetail)))
        }
        let body = String(decoding: answer.body.prefix(200), as: UTF8.self)
        let firstLine = body.split(whereSeparator: \.isNewline).first.map { ": \(PrintableText.escape(String($0)))" }
        return "HTTP status \(answer.status)\(firstLine ?? "")"
    }

    package static func isProblem(_ answer: HTTPAnswer) -> Bool {
        answer.values(of: "content-type").contains { $0.lowercased().hasPrefix(ProblemDetails.mediaType) }
    }
}
