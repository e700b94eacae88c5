/// The body of a refusal: problem+json of RFC 9457.
package struct ProblemDetails: Hashable, Sendable, Codable {
    package static let mediaType = "application/problem+json"

    /// For a person: what is wrong and what to do about it.
    package var detail: String
    /// The HTTP status. echod always sends this member and the next two; other servers may omit them.
    package var status: Int?
    package var title: String?
    package var type: String?

    package init(detail: String, status: Int, title: String) {
        self.detail = detail
        self.status = status
        self.title = title
        // It means that the status tells the kind of problem.
        type = "about:blank"
    }

    /// A member of another type counts as missing (RFC 9457, section 3.1).
    package init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: CodingKeys.self)
        detail = try object.decode(String.self, forKey: .detail)
        status = try? object.decode(Int.self, forKey: .status)
        title = try? object.decode(String.self, forKey: .title)
        type = try? object.decode(String.self, forKey: .type)
    }
}
