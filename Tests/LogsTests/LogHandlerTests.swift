import Glibc
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Logs

private struct SampleError: Error, CustomStringConvertible {
    var description: String { "it broke" }
}

@Suite struct LogHandlerTests {
    private let sink = MemorySink()

    @Test func level_changesForEveryLogger() {
        let output = LogOutput(level: .info, format: .text, sink: sink)
        let logger = output.logger()
        logger.debug("hidden")
        output.level = .debug
        #expect(output.level == .debug && logger.logLevel == .debug)
        logger.debug("shown")
        output.level = .error
        logger.warning("hidden")
        #expect(sink.takeLines() == ["debug shown\n"])
    }

    @Test(arguments: Logger.Level.allCases) func level_isKept(level: Logger.Level) {
        #expect(LogOutput(level: level, format: .text, sink: sink).level == level)
    }

    @Test func level_setOnALogger_isItsOwn() {
        let output = LogOutput(level: .info, format: .text, sink: sink)
        var own = output.logger()
        own.logLevel = .trace
        own.trace("shown")
        output.logger().trace("hidden")
        #expect(sink.takeLines() == ["trace shown\n"])
    }

    @Test func metadata_isSortedAndTheNearerWins() {
        let output = LogOutput(level: .info, format: .text, sink: sink)
        var logger = output.logger()
        logger[metadataKey: "id"] = "1"
        logger[metadataKey: "b"] = "logger"
        logger.info("m", metadata: ["c": "x y", "b": "event"])
        logger.error("m", error: SampleError())
        #expect(logger[metadataKey: "id"] == "1")
        #expect(sink.takeLines() == ["info  m b=event c=\"x y\" id=1\n", "error m b=logger error=\"it broke\" id=1\n"])
    }

    @Test func droppedLines_areCountedAndTold() {
        let logger = LogOutput(level: .info, format: .text, sink: sink).logger()
        sink.isBlocked.store(true, ordering: .relaxed)
        for _ in 1...3 { logger.info("lost") }
        sink.isBlocked.store(false, ordering: .relaxed)
        logger.info("back")
        logger.info("again")
        #expect(sink.takeLines() == ["warning 3 log lines dropped\n", "info  back\n", "info  again\n"])
    }

    @Test func flush_tellsWhatWasDropped() {
        let output = LogOutput(level: .info, format: .text, sink: sink)
        sink.isBlocked.store(true, ordering: .relaxed)
        output.logger().info("lost")
        output.flush()
        sink.isBlocked.store(false, ordering: .relaxed)
        output.flush()
        output.flush()
        #expect(sink.takeLines() == ["warning 1 log lines dropped\n"])
    }
}
