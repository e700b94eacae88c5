import Glibc
import Logging
import Logs
import TestSupport
import Testing

@testable import Options
@testable import echod

@Suite struct TokenFileTests {
    private static let token = "0123456789abcdef"
    private let folder = TestFolder()
    private let sink = MemorySink()

    private func open(_ path: String) throws -> TokenFile {
        try TokenFile(path: path, log: LogOutput(level: .info, format: .text, sink: sink).logger())
    }

    private func write(_ text: String, mode: mode_t = 0o600) -> String { folder.write(text, to: "token", mode: mode) }

    @Test(arguments: ["", "\n", "\r\n"]) func oneNewline_isDropped(end: String) throws {
        let file = try open(write(Self.token + end))
        #expect(file.accepts(Array(Self.token.utf8)))
        #expect(!file.accepts(Array((Self.token + "\n").utf8)))
    }

    @Test(
        arguments: [
            "", "0", "0123456789abcde", "0123456789abcdeg", "0123456789abcdefg", "0123456789abcdef0123456789abcdef",
            "0123456789ABCDEF", "123456789abcdef0", "0123456789abcdef\0", "0123456789abcdéf",
        ])
    func anythingElse_isNotAccepted(candidate: String) throws {
        #expect(try !open(write(Self.token)).accepts(Array(candidate.utf8)))
    }

    @Test(arguments: [mode_t(0o600), 0o400, 0o640, 0o440]) func modeWithoutOthers_isTaken(mode: mode_t) throws {
        #expect(try open(write(Self.token, mode: mode)).accepts(Array(Self.token.utf8)))
    }

    @Test(
        arguments: [
            (Self.token, mode_t(0o644), "world-readable, mode 0644"), (Self.token, 0o604, "mode 0604"),
            (Self.token, 0o602, "mode 0602"), ("0123456789abcde\n", 0o600, "only 15 bytes"),
            ("", 0o600, "only 0 bytes"),
            ("0123456789abcdef\n\n", 0o600, "no HTTP header"), ("0123456789abcdef\r", 0o600, "no HTTP header"),
            ("0123456789 abcdef", 0o600, "no HTTP header"), ("0123456789äbcdef", 0o600, "no HTTP header"),
            (String(repeating: "x", count: 4097), 0o600, "larger than 4096"),
        ])
    func fileThatDoesNotDo_isRefused(text: String, mode: mode_t, problem: String) {
        let path = write(text, mode: mode)
        let error = #expect(throws: UnusableFile.self) { try open(path) }
        #expect(error?.problem.contains(problem) == true, "\(error?.problem ?? "")")
    }

    @Test func whatIsNoFile_isRefusedWithoutWaiting() {
        let fifo = folder.file("fifo")
        mkfifo(fifo, 0o600)
        for path in [fifo, folder.path, "/dev/zero", "/dev/null"] {
            #expect(throws: UnusableFile(problem: "this is not a regular file")) { try open(path) }
        }
        #expect(throws: UnusableFile(problem: "No such file or directory")) { try open("/nowhere/x") }
    }

    @Test func newContent_isHonouredAtOnce() throws {
        let file = try open(write(Self.token))
        // Of the same size and at the same moment, as far as the file system can tell.
        _ = write("fedcba9876543210")
        #expect(!file.accepts(Array(Self.token.utf8)))
        #expect(file.accepts(Array("fedcba9876543210".utf8)))
        #expect(sink.takeLines().map { $0.hasPrefix("notice the admin token was reloaded") } == [true])
    }

    @Test func newContentThatDoesNotDo_leavesTheOldOne_andIsToldOnce() throws {
        let file = try open(write(Self.token))
        _ = write("short")
        for _ in 0..<3 { #expect(file.accepts(Array(Self.token.utf8)) && !file.accepts(Array("short".utf8))) }
        #expect(sink.takeLines().map { $0.hasPrefix("error ") && $0.contains("only 5 bytes") } == [true])
        unlink("\(folder.path)/token")
        for _ in 0..<3 { #expect(file.accepts(Array(Self.token.utf8))) }
        #expect(sink.takeLines().map { $0.contains("No such file") } == [true])
        _ = write(Self.token)
        #expect(file.accepts(Array(Self.token.utf8)))
        #expect(sink.takeLines().count == 1)
        #expect(file.accepts(Array(Self.token.utf8)))
        #expect(sink.takeLines().isEmpty)
    }

    @Test func log_neverHoldsTheToken() throws {
        let file = try open(write(Self.token))
        _ = write("fedcba9876543210")
        _ = file.accepts([])
        _ = write("shortsecret")
        _ = file.accepts([])
        let text = sink.takeLines().joined()
        #expect(!text.isEmpty && !text.contains("fedcba98") && !text.contains("shortsecret"))
    }
}
