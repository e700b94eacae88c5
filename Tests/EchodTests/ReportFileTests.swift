import Glibc
import TestSupport
import Testing

@testable import echod

@Suite struct ReportFileTests {
    /// As main does: the error of a write without a reader is its result.
    init() { signal(SIGPIPE, SIG_IGN) }

    private let line = Array("{\"a\":1}\n".utf8)

    @Test func file_keepsWhatItHoldsUntilTheEnd() throws {
        let folder = TestFolder()
        folder.write("the report of the one before, which is longer\n", to: "report")
        let report = try ReportFile(path: folder.file("report"))
        #expect(folder.read("report").hasPrefix("the report of the one before"))
        try report.write(line)
        #expect(folder.read("report") == "{\"a\":1}\n")
    }

    @Test func secondWrite_doesNothing() throws {
        let folder = TestFolder()
        let report = try ReportFile(path: folder.file("report"))
        try report.write(line)
        try report.write(Array("{}\n".utf8))
        #expect(folder.read("report") == "{\"a\":1}\n")
    }

    /// As a mount such as /dev/termination-log, it is the same file after the write.
    @Test func file_isNotReplaced() throws {
        let folder = TestFolder()
        folder.write("", to: "report")
        var before = stat()
        var after = stat()
        #expect(stat(folder.file("report"), &before) == 0)
        try ReportFile(path: folder.file("report")).write(line)
        #expect(stat(folder.file("report"), &after) == 0)
        #expect(before.st_ino == after.st_ino)
    }

    @Test func pathThatCannotBeOpened_isNamed() {
        let error = #expect(throws: ReportError.self) { try ReportFile(path: "/nowhere/at/all") }
        #expect(
            error?.description == "cannot open the report file /nowhere/at/all (--report): No such file or directory")
        #expect(throws: ReportError.self) { try ReportFile(path: "/tmp") }
    }

    @Test func fullDevice_isAnErrorOfTheWrite() throws {
        let error = #expect(throws: ReportError.self) { try ReportFile(path: "/dev/full").write(line) }
        #expect(error?.action == "write" && error?.code == ENOSPC)
    }

    @Test func fifoWithoutReader_isOpenedAndFailsAtTheWrite() throws {
        let folder = TestFolder()
        #expect(mkfifo(folder.file("fifo"), 0o600) == 0)
        let report = try ReportFile(path: folder.file("fifo"))
        let error = #expect(throws: ReportError.self) { try report.write(line) }
        #expect(error?.code == EPIPE)
    }

    @Test func fifoWhoseReaderCameLater_getsTheReport() throws {
        let folder = TestFolder()
        #expect(mkfifo(folder.file("fifo"), 0o600) == 0)
        let report = try ReportFile(path: folder.file("fifo"))
        let reader = open(folder.file("fifo"), O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        try report.write(line)
        #expect(folder.text(of: reader) == "{\"a\":1}\n")
    }

    /// A reader that stopped reading holds up nothing.
    @Test func fullFIFO_isAnErrorOfTheWrite() throws {
        let folder = TestFolder()
        #expect(mkfifo(folder.file("fifo"), 0o600) == 0)
        let end = open(folder.file("fifo"), O_RDWR | O_NONBLOCK)
        defer { close(end) }
        let block = [UInt8](repeating: 0, count: 4096)
        while Glibc.write(end, block, block.count) > 0 {}
        let error = #expect(throws: ReportError.self) { try ReportFile(path: folder.file("fifo")).write(line) }
        #expect(error?.code == EAGAIN)
    }
}
