import EchoCore
import Testing

@Suite struct CompleteLinesTests {
    @Test(arguments: [("", 0), ("abc", 0), ("a\nb", 2), ("a\n", 2), ("\n\nab", 2)])
    func everythingUpToTheLastNewline(_ text: String, _ expected: Int) {
        let bytes = Array(text.utf8)
        #expect(LineUppercaser.lengthOfCompleteLines(in: bytes.span) == expected)
    }
}
