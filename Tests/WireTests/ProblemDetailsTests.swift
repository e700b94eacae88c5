import Testing
import Wire

@Suite("Problems as JSON")
struct ProblemDetailsTests {
    @Test func ours_hasAllMembers() throws {
        let problem = ProblemDetails(detail: "why", status: 404, title: "Not Found")
        let text = try encode(problem)
        #expect(text == #"{"detail":"why","status":404,"title":"Not Found","type":"about:blank"}"#)
        #expect(try decode(ProblemDetails.self, text) == problem)
    }

    @Test(arguments: [#"{"detail":"why"}"#, #"{"detail":"why","status":"404","title":null,"type":[],"more":1}"#])
    func others_areReadForTheirDetail(text: String) throws {
        let problem = try decode(ProblemDetails.self, text)
        #expect((problem.detail, problem.status, problem.title, problem.type) == ("why", nil, nil, nil))
    }

    @Test(arguments: ["{}", #"{"detail":7}"#, "[]"])
    func withoutADetail_isNone(text: String) {
        #expect(throws: DecodingError.self) { try decode(ProblemDetails.self, text) }
    }
}
