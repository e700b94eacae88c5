internal import Basics
internal import CMicroHTTPD
internal import Glibc
internal import Threads

/// Streams, suspended while they have nothing to send. The deadlines do not apply to an open stream. One whose client
/// does not take its bytes ends by `StreamBuffer.limit` or by the library's inactivity time-out.
extension OpenConnections {
    // MARK: The library's thread

    /// The answer is queued and begins when the handler returns. Once the server is stopping, it has only its first
    /// bytes.
    func opened(_ reader: StreamReader, first: [UInt8]) {
        var size = StreamBuffer.sendBuffer
        setsockopt(reader.connection.descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        state.withLock { state in
            state.connections[reader.connection.id]?.exchange = .streaming(reader)
            state.connections[reader.connection.id]?.deadline = nil
            state.streams[reader.id] = StreamBuffer(
                pending: first, phase: state.phase == .serving ? .open : .finished)
        }
    }

    /// Returns the result of the library's content reader. An unfinished stream without bytes is suspended; once the
    /// server is stopping, there is no unfinished stream.
    func read(_ reader: StreamReader, into target: UnsafeMutableRawBufferPointer) -> Int {
        updating { state in
            if let count = state.streams[reader.id]?.take(target), count > 0 { return count }
            switch state.streams[reader.id]?.phase {
            case .finished: return Int(MHD_CONTENT_READER_END_OF_STREAM)
            case .over, nil: return Int(MHD_CONTENT_READER_END_WITH_ERROR)
            case .open:
                state.streams[reader.id]?.isSuspended = true
                state.setDeadline(.now + Self.presenceInterval, of: reader.connection)
                MHD_suspend_connection(reader.connection.handle)
                return 0
            }
        }
    }

    /// The library releases the answer: it is sent, or the connection is gone.
    func released(_ reader: StreamReader) {
        let stream = state.withLock { $0.streams.removeValue(forKey: reader.id) }
        for ending in stream?.endings ?? [] { ending() }
    }

    // MARK: Any thread

    func send(_ bytes: [UInt8], on reader: StreamReader) -> Bool {
        state.withLock { state in
            guard let stream = state.streams[reader.id], stream.phase == .open else { return false }
            guard stream.hasRoom(for: bytes.count) else {
                state.cut(reader)
                return false
            }
            state.streams[reader.id]?.pending += bytes
            if !bytes.isEmpty { state.resume(reader) }
            return true
        }
    }

    func finish(_ reader: StreamReader, now: MonotonicTime) {
        updating { $0.finish(reader, now: now) }
    }

    func onEnd(of reader: StreamReader, _ body: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            let isOver = state.streams[reader.id]?.phase ?? .over == .over
            if !isOver { state.streams[reader.id]?.endings.append(body) }
            return isOver
        }
        if isOver { body() }
    }
}

extension OpenConnections.State {
    mutating func finish(_ reader: StreamReader, now: MonotonicTime) {
        guard case .open = streams[reader.id]?.phase else { return }
        streams[reader.id]?.phase = .finished
        resume(reader)
        setDeadline(now + configuration.responseDeadline, of: reader.connection)
    }

    /// Discards the stream's bytes and shuts the connection down; the library's thread then ends it.
    mutating func cut(_ reader: StreamReader) {
        streams[reader.id]?.phase = .over
        streams[reader.id]?.pending = []
        connections[reader.connection.id]?.evict()
        resume(reader)
    }

    fileprivate mutating func resume(_ reader: StreamReader) {
        guard streams[reader.id]?.isSuspended == true else { return }
        streams[reader.id]?.isSuspended = false
        connections[reader.connection.id]?.deadline = nil
        MHD_resume_connection(reader.connection.handle)
    }
}
