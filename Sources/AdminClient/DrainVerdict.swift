internal import Basics
internal import EchoCore
internal import Wire

/// What a command that asked for a drain finally says, and its exit code (contract.md, section 1).
package struct DrainVerdict: Hashable, Sendable {
    /// For standard output, a line without its end; empty: nothing.
    package var output: String
    /// For standard error, the same.
    package var complaint: String
    package var exitCode: Int32

    /// `--wait` is over, or the drain was undrained meanwhile.
    package static let notToTheEnd: Int32 = 4

    /// Reads the answer to `POST /drain` or `/shutdown`. `asJSON`: the output is the status object as it came.
    package init(_ answer: HTTPAnswer, asJSON: Bool) throws(ReadingError) {
        guard !Refusal.isProblem(answer), [200, 202, 409, 500, 504].contains(answer.status) else {
            self.init(output: "", complaint: Refusal.text(answer), exitCode: Int32(ExitCode.failure.rawValue))
            return
        }
        let status = try ServiceStatus(json: answer.body)
        switch answer.status {
        case 202:
            self.init(output: DrainText.begun(status, joined: status.joined ?? false), complaint: "", exitCode: 0)
        case 504:
            self.init(
                output: "", complaint: "the drain goes on: \(DrainText.progress(status))",
                exitCode: Self.notToTheEnd)
        case 409:
            self.init(
                output: "", complaint: "undrained meanwhile: the service is \(status.state.rawValue)",
                exitCode: Self.notToTheEnd)
        default:
            let result = status.drain?.result
            // Without a drain, the server was shut down before it served.
            self.init(
                output: DrainText.summary(status), complaint: "",
                exitCode: Self.exitCode(result, httpStatus: answer.status))
        }
        if asJSON { output = try JSONLine.text(answer.body) }
    }

    private init(output: String, complaint: String, exitCode: Int32) {
        self.output = output
        self.complaint = complaint
        self.exitCode = exitCode
    }

    private static func exitCode(_ result: DrainResult?, httpStatus: Int) -> Int32 {
        guard let result else { return httpStatus == 200 ? 0 : Int32(ExitCode.failure.rawValue) }
        return ExitCode(result).map { Int32($0.rawValue) } ?? notToTheEnd
    }
}

/// JSON for programs, as the server sent it.
package enum JSONLine {
    /// The document without its newline. echod writes one line of printable ASCII; anything else is not from echod and
    /// is kept from the terminal.
    package static func text(_ body: [UInt8]) throws(ReadingError) -> String {
        let line = body.last == UInt8(ascii: "\n") ? body.dropLast() : body[...]
        guard !line.isEmpty, line.allSatisfy(\.isPrintableASCII) else {
            throw ReadingError(description: "its answer is not one line of printable JSON")
        }
        return String(decoding: line, as: UTF8.self)
    }
}
