internal import Glibc
package import Logging
internal import Synchronization
internal import Threads

/// How a log line is written to stderr.
package enum LogFormat: String, Hashable, Sendable, CaseIterable {
    /// `2026-11-21T12:00:00.123Z info  serving listen=127.0.0.1:8888`
    case text
    /// One object on a line.
    case json
}

/// What all loggers of the process share: where lines go, their format, and the level, which may change at any time.
package final class LogOutput: Sendable {
    private let levelIndex: Atomic<UInt8>
    private let format: LogFormat
    private let sink: any LogSink
    /// Lines that were dropped since the last report.
    private let dropped = Atomic<Int>(0)

    package init(level: Logger.Level, format: LogFormat, sink: any LogSink = StandardErrorSink()) {
        levelIndex = Atomic(Self.index(of: level))
        self.format = format
        self.sink = sink
    }

    /// Takes effect with the next line of every logger that has no level of its own.
    package var level: Logger.Level {
        get { Logger.Level.allCases[Int(levelIndex.load(ordering: .relaxed))] }
        set { levelIndex.store(Self.index(of: newValue), ordering: .relaxed) }
    }

    /// Logs how many lines were dropped since the last one that got through, if any. Called at the end of the process.
    package func flush() { reportDropped() }

    package func logger(label: String = "echod") -> Logger {
        Logger(label: label) { _ in LineLogHandler(output: self) }
    }

    fileprivate func write(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) {
        reportDropped()
        if !sink.write(line(level, message, metadata)) {
            dropped.wrappingAdd(1, ordering: .relaxed)
        }
    }

    /// The count is taken before it is logged, so that only one of several threads logs it.
    private func reportDropped() {
        guard dropped.load(ordering: .relaxed) > 0 else { return }
        let count = dropped.exchange(0, ordering: .relaxed)
        guard count > 0 else { return }
        if !sink.write(line(.warning, "\(count) log lines dropped", [:])) {
            dropped.wrappingAdd(count, ordering: .relaxed)
        }
    }

    private func line(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> [UInt8] {
        let fields = metadata.sorted { $0.key < $1.key }
        let time = WallClock.now
        return switch format {
        case .text: LogLine.text(time: time, level: level, message: message, metadata: fields)
        case .json: LogLine.json(time: time, level: level, message: message, metadata: fields)
        }
    }

    private static func index(of level: Logger.Level) -> UInt8 {
        switch level {
        case .trace: 0
        case .debug: 1
        case .info: 2
        case .notice: 3
        case .warning: 4
        case .error: 5
        case .critical: 6
        }
    }
}

/// Writes each event as one line. Values from outside belong in the metadata, where they cannot be confused with our
/// own words.
package struct LineLogHandler: LogHandler {
    private let output: LogOutput
    private var ownLevel: Logger.Level?
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    package init(output: LogOutput) {
        self.output = output
    }

    /// The shared level, until it is set for this logger alone.
    package var logLevel: Logger.Level {
        get { ownLevel ?? output.level }
        set { ownLevel = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        output.write(event.level, event.message.description, allMetadata(of: event))
    }

    /// The more specific value wins: the event's over the logger's over the provider's.
    private func allMetadata(of event: LogEvent) -> Logger.Metadata {
        var all = metadata
        if let provider = metadataProvider {
            all = provider.get().merging(all) { _, own in own }
        }
        if let more = event.metadata {
            all = all.isEmpty ? more : all.merging(more) { _, own in own }
        }
        if let error = event.error, all["error"] == nil {
            all["error"] = "\(error)"
        }
        return all
    }
}
