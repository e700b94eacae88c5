/// The last five minutes of the service: a sample each second while it has clients. All times are uptimes of the
/// service.
///
/// Without clients no counter can change, so a pause needs no samples and no wake-ups; it is filled in for the reader.
package struct SampleHistory: Sendable {
    package static let interval = Duration.seconds(1)
    package static let span = Duration.seconds(300)
    /// No two samples are closer than the interval, so this many cover the span.
    private static let capacity = 301

    /// The oldest first; never empty: every process begins with a sample of zeroes.
    private var samples = [ServiceSample()]
    private var isRecording = false

    package init() {}

    /// A client has come. Returns when the next sample is due; nil when that is known already.
    package mutating func clientCame(at uptime: Duration) -> Duration? {
        guard !isRecording, let last = samples.last else { return nil }
        isRecording = true
        let due = last.uptime + Self.interval
        guard uptime >= due else { return due }
        // Ends the pause, so that what comes now is not spread over it.
        append(last.repeated(at: uptime))
        return uptime + Self.interval
    }

    /// Records a sample that was due. Returns when the next one is due; nil when no client is left, because this sample
    /// already includes the last client's end.
    package mutating func record(_ sample: ServiceSample) -> Duration? {
        append(sample)
        isRecording = sample.active > 0
        return isRecording ? sample.uptime + Self.interval : nil
    }

    /// The samples of the span before `uptime`, the oldest first, between one and two intervals apart. A longer gap is
    /// a time in which the process did not run.
    package func recent(at uptime: Duration) -> [ServiceSample] {
        let start = max(.zero, uptime - Self.span)
        var recent: [ServiceSample] = []
        for (index, sample) in samples.enumerated() {
            if sample.uptime >= start { recent.append(sample) }
            guard let end = endOfPause(after: index, at: uptime) else { continue }
            var time = max(sample.uptime + Self.interval, start)
            while time <= end {
                recent.append(sample.repeated(at: time))
                time += Self.interval
            }
        }
        return recent
    }

    /// Until when a sample's counters are known to have stayed the same without another sample to show it; nil if they
    /// are not known to have.
    private func endOfPause(after index: Int, at uptime: Duration) -> Duration? {
        let sample = samples[index]
        guard index + 1 < samples.count else { return isRecording ? nil : uptime }
        let next = samples[index + 1]
        guard sample.active == 0, next == sample.repeated(at: next.uptime) else { return nil }
        return next.uptime - Self.interval
    }

    private mutating func append(_ sample: ServiceSample) {
        if samples.count == Self.capacity { samples.removeFirst() }
        samples.append(sample)
    }
}
