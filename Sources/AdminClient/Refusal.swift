internal import EchoCore

/// What an answer that is not the one hoped for says, for a person at a terminal.
package enum Refusal {
    private struct ProblemObject: Decodable {
        let detail: String
    }

    /// Characters; ours has a few hundred, and a terminal should not get megabytes of anybody's.
    private static let longestDetail = 2000

    /// The `detail` of problem+json (RFC 9457), or what is known without one; escaped.
    package static func text(_ answer: HTTPAnswer) -> String {
        if isProblem(answer), let problem = try? decode(ProblemObject.self, from: answer.body, what: "a problem") {
            return PrintableText.escape(String(problem.detail.prefix(longestDetail)))
        }
        let body = String(decoding: answer.body.prefix(200), as: UTF8.self)
        let firstLine = body.split(whereSeparator: \.isNewline).first.map { ": \(PrintableText.escape(String($0)))" }
        return "HTTP status \(answer.status)\(firstLine ?? "")"
    }

    package static func isProblem(_ answer: HTTPAnswer) -> Bool {
        answer.values(of: "content-type").contains { $0.lowercased().hasPrefix("application/problem+json") }
    }
}
