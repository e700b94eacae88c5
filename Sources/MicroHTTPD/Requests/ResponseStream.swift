/// An open-ended answer: it consists of what is sent until it is finished. Usable from any thread; no call blocks.
///
/// It is over when it is finished, when the client is gone, when the client has fallen too far behind, or when the
/// server stops. Dropping it finishes it.
package final class ResponseStream: Sendable {
    private let sink: any ResponseSink

    package init(_ sink: any ResponseSink) {
        self.sink = sink
    }

    deinit {
        sink.finish()
    }

    /// Sends bytes after everything that was sent before. Returns false if the stream is over: then nothing gets
    /// through any more, and the caller may drop the stream.
    @discardableResult
    package func send(_ bytes: [UInt8]) -> Bool {
        sink.send(bytes)
    }

    /// Ends the stream when everything that was sent has left. An HTTP/1.1 connection may serve another request then.
    package func finish() {
        sink.finish()
    }

    /// Calls `body` once, when no client reads the stream any more and its last byte has left or never will; at once if
    /// that is already so. `body` runs on any thread of the server and must not block.
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
