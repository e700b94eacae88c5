/// An answer without an end of its own: what is sent, until it is finished. From any thread; nothing here waits.
///
/// It is over when it is finished, when the client is gone, when the client is further behind than a stream may be, or
/// when the server stops. Dropping it finishes it.
package final class ResponseStream: Sendable {
    private let sink: any ResponseSink

    package init(_ sink: any ResponseSink) {
        self.sink = sink
    }

    deinit {
        sink.finish()
    }

    /// Has bytes sent after all that was sent before. False when the stream is over: then nothing else ever gets
    /// through, and its holder may drop it.
    @discardableResult
    package func send(_ bytes: [UInt8]) -> Bool {
        sink.send(bytes)
    }

    /// Ends the stream when what was sent has left. An HTTP/1.1 connection may serve another request then.
    package func finish() {
        sink.finish()
    }

    /// Has `body` called once when no client reads the stream any more and its last byte has left or never will; at
    /// once when that is so already. On any thread of the server; it may call nothing that waits.
    package func onEnd(_ body: @escaping @Sendable () -> Void) {
        sink.onEnd(body)
    }
}

/// Where a `ResponseStream` goes: a connection, or a test. Thread-safe.
package protocol ResponseSink: AnyObject, Sendable {
    func send(_ bytes: [UInt8]) -> Bool
    func finish()
    func onEnd(_ body: @escaping @Sendable () -> Void)
}
