import Basics
import Testing

/// `--admin-host` (contract.md, section 1).
@Suite struct HostPatternTests {
    @Test(arguments: ["echo.example.org", "localhost", "*.example.org", "*.a.b.c"])
    func pattern_isValid(text: String) {
        #expect(HostPattern(text).isValid)
    }

    /// `*.org` would open the door to every site.
    @Test(arguments: ["*", "*.", "*.org", "*example.org", "a.*.org", "*.*.org", "*..org", "*.example.", "**.a.b"])
    func wildcardThatIsTooWide_isNot(text: String) {
        #expect(!HostPattern(text).isValid)
    }

    @Test(
        arguments: [
            ("*.example.org", "a.example.org", true), ("*.example.org", "a.b.example.org", true),
            ("*.example.org", "example.org", false), ("*.example.org", ".example.org", false),
            ("*.example.org", "aexample.org", false), ("*.example.org", "a.example.org.evil", false),
            ("Echo.example", "echo.example", true), ("echo.example", "a.echo.example", false),
        ])
    func name_matches(pattern: String, name: String, matches: Bool) {
        #expect(HostPattern(pattern).matches(name) == matches)
    }
}
