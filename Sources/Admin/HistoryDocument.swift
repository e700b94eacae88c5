internal import EchoCore

/// The samples of the service as `GET /ui/history` sends them: in columns, each as long as the others.
enum HistoryDocument {
    /// Bytes that a sample takes in its five columns, roughly.
    private static let size = 48

    /// The document, and a newline.
    static func write(_ samples: [ServiceSample]) -> [UInt8] {
        var writer = JSONWriter(capacity: Self.size * (samples.count + 2))
        writer.object { columns in
            columns.member("active", samples.map(\.active))
            columns.member("lines", samples.map(\.lines))
            columns.member("received", samples.map(\.received))
            columns.member("sent", samples.map(\.sent))
            columns.member("uptime_ms", samples.map(\.uptime.inMilliseconds))
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }
}
