import Admin
import Glibc
import Testing

@testable import echod

@Suite struct ProcessFiguresTests {
    @Test func stat_isCountedFromTheLastParenthesis() throws {
        let text = "4711 (a) b (c 1 2) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 60 18 190 2000 21 22\n"
        let fields = try #require(ProcessFigures.StatFields(text))
        #expect((fields.threads, fields.startTime) == (60, 190))
        #expect((fields.virtualBytes, fields.residentPages) == (2000, 21))
    }

    @Test(arguments: ["", "1 (x", "1 (x) S", "1 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 x 18 19 20 21 22"])
    func statThatIsNone_givesNothing(text: String) {
        #expect(ProcessFigures.StatFields(text) == nil)
    }

    @Test func figures_areThoseOfThisProcess() throws {
        let before = try #require(ProcessFigures.now())
        #expect(before.cpuSeconds > 0 && before.threads >= 1)
        #expect(before.residentBytes > 1 << 20 && before.virtualBytes >= before.residentBytes)
        #expect(before.maximumDescriptors >= before.openDescriptors)
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let age = Double(now.tv_sec) - before.startTime
        #expect(age > -2 && age < 86_400)
        #expect(try #require(ProcessFigures.now()).startTime == before.startTime)
    }

    /// Other tests open and close descriptors meanwhile, but not hundreds of them.
    @Test func descriptors_areCounted() throws {
        let before = try #require(ProcessFigures.now()).openDescriptors
        let opened = (0..<500).map { _ in open("/dev/null", O_RDONLY | O_CLOEXEC) }
        defer { for number in opened { close(number) } }
        #expect(!opened.contains(-1))
        let after = try #require(ProcessFigures.now()).openDescriptors
        #expect(after > before + 400 && after < before + 600)
    }
}
