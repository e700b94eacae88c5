import MicroHTTPD
import Synchronization
import Threads

/// The far end of a stream: what it was sent, and a client that can go.
final class StreamSink: ResponseSink {
    private struct State: Sendable {
        var received: [UInt8] = []
        var isOver = false
        var isFinished = false
        var isStalled = false
        var endings: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    var text: String { state.withLock { String(decoding: $0.received, as: UTF8.self) } }

    var isFinished: Bool { state.withLock { $0.isFinished } }

    /// Names and data, in order.
    var events: [(name: String, data: String)] {
        text.split(separator: "\n\n").compactMap { event in
            let lines = event.split(separator: "\n")
            guard lines.count == 2, lines[0].hasPrefix("event: "), lines[1].hasPrefix("data: ") else { return nil }
            return (String(lines[0].dropFirst(7)), String(lines[1].dropFirst(6)))
        }
    }

    func send(_ bytes: [UInt8]) -> Bool {
        state.withLock { state in
            guard !state.isOver, !state.isFinished else { return false }
            state.received += bytes
            return true
        }
    }

    /// The client takes nothing any more: the last byte does not leave.
    func clientStalls() {
        state.withLock { $0.isStalled = true }
    }

    func finish() {
        let isStalled = state.withLock { state in
            state.isFinished = true
            return state.isStalled
        }
        if !isStalled { clientLeaves() }
    }

    func clientLeaves() {
        let endings = state.withLock { state in
            state.isOver = true
            defer { state.endings = [] }
            return state.endings
        }
        for ending in endings { ending() }
    }

    func onEnd(_ body: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if !state.isOver { state.endings.append(body) }
            return state.isOver
        }
        if isOver { body() }
    }
}
