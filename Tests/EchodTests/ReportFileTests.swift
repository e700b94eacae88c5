import Glibc
import Testing

@testable import echod

/// A directory of its own for each test, removed after it.
private final class Folder {
    let path: String

    init() {
        var template = Array("/tmp/echod-report-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? "/nowhere"
        }
    }

    deinit {
        for name in ["report", "fifo"] { unlink(file(name)) }
        rmdir(path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String) {
        let descriptor = open(file(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        _ = Glibc.write(descriptor, text, text.utf8.count)
        close(descriptor)
    }

    func read(_ name: String) -> String {
        let descriptor = open(file(name), O_RDONLY)
        defer { close(descriptor) }
        return text(of: descriptor)
    }
}

private func text(of descriptor: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 8192)
    let count = read(descriptor, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
}

@Suite struct ReportFileTests {
    /// As main does: the error of a write without a reader is its result.
    init() { signal(SIGPIPE, SIG_IGN) }

    private let line = Array("{\"a\":1}\n".utf8)

    @Test func file_keepsWhatItHoldsUntilTheEnd() throws {
        let folder = Folder()
        folder.write("the report of the one before, which is longer\n", to: "report")
        let report = try ReportFile(path: folder.file("report"))
        #expect(folder.read("report").hasPrefix("the report of the one before"))
        try report.write(line)
        #expect(folder.read("report") == "{\"a\":1}\n")
    }

    @Test func secondWrite_doesNothing() throws {
        let folder = Folder()
        let report = try ReportFile(path: folder.file("report"))
        try report.write(line)
        try report.write(Array("{}\n".utf8))
        #expect(folder.read("report") == "{\"a\":1}\n")
    }

    /// As a mount such as /dev/termination-log, it is the same file after the write.
    @Test func file_isNotReplaced() throws {
        let folder = Folder()
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
        let folder = Folder()
        #expect(mkfifo(folder.file("fifo"), 0o600) == 0)
        let report = try ReportFile(path: folder.file("fifo"))
        let error = #expect(throws: ReportError.self) { try report.write(line) }
        #expect(error?.code == EPIPE)
    }

    @Test func fifoWhoseReaderCameLater_getsTheReport() throws {
        let folder = Folder()
        #expect(mkfifo(folder.file("fifo"), 0o600) == 0)
        let report = try ReportFile(path: folder.file("fifo"))
        let reader = open(folder.file("fifo"), O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        try report.write(line)
        #expect(text(of: reader) == "{\"a\":1}\n")
    }

    /// A reader that stopped reading holds up nothing.
    @Test func fullFIFO_isAnErrorOfTheWrite() throws {
        let folder = Folder()
        #expect(mkfifo(folder.file("fifo"), 0o600) == 0)
        let end = open(folder.file("fifo"), O_RDWR | O_NONBLOCK)
        defer { close(end) }
        let block = [UInt8](repeating: 0, count: 4096)
        while Glibc.write(end, block, block.count) > 0 {}
        let error = #expect(throws: ReportError.self) { try ReportFile(path: folder.file("fifo")).write(line) }
        #expect(error?.code == EAGAIN)
    }
}
