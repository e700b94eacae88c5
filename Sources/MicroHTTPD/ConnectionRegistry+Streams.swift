internal import CMicroHTTPD
internal import Glibc

/// Streams, suspended while they have nothing to send. The deadlines do not apply to one that is open; one that has
/// bytes which its client does not take ends by `StreamBuffer.limit` or by the library's inactivity time-out.
extension ConnectionRegistry {
    // MARK: The library's thread

    /// The answer is queued and begins when the handler returns. Once the server stops it has its first bytes only.
    func opened(_ buffer: StreamBuffer) {
        var size = StreamBuffer.sendBuffer
        setsockopt(buffer.connection.descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        lock.withLock {
            buffer.connection.exchange = .streaming(buffer)
            buffer.connection.deadline = nil
            if phase != .serving { buffer.phase = .finished }
        }
    }

    /// What the library's content reader returns. An unfinished stream without bytes is suspended: once the server
    /// stops there is none.
    func read(_ buffer: StreamBuffer, into target: UnsafeMutableRawBufferPointer) -> Int {
        updating {
            let count = min(buffer.pending.count, target.count)
            if count > 0 {
                target.copyBytes(from: buffer.pending[..<count])
                buffer.pending.removeFirst(count)
                return count
            }
            switch buffer.phase {
            case .finished: return Int(MHD_CONTENT_READER_END_OF_STREAM)
            case .over: return Int(MHD_CONTENT_READER_END_WITH_ERROR)
            case .open:
                buffer.isSuspended = true
                setDeadline(.now + Self.presenceInterval, of: buffer.connection)
                MHD_suspend_connection(buffer.connection.handle)
                return 0
            }
        }
    }

    /// The library lets the answer go: it is sent, or the connection is gone.
    func streamEnded(_ buffer: StreamBuffer) {
        let endings = lock.withLock {
            buffer.phase = .over
            buffer.pending = []
            defer { buffer.endings = [] }
            return buffer.endings
        }
        for ending in endings { ending() }
    }

    // MARK: Any thread

    func send(_ bytes: [UInt8], on buffer: StreamBuffer) -> Bool {
        lock.withLock {
            guard buffer.phase == .open else { return false }
            // A message on its own may be as long as it is.
            guard buffer.pending.isEmpty || buffer.pending.count + bytes.count <= StreamBuffer.limit else {
                cut(buffer)
                return false
            }
            buffer.pending += bytes
            if !bytes.isEmpty { resume(buffer) }
            return true
        }
    }

    func finish(_ buffer: StreamBuffer, now: Instant) {
        updating { finishWithLockHeld(buffer, now: now) }
    }

    func onEnd(of buffer: StreamBuffer, _ body: @escaping @Sendable () -> Void) {
        let isOver = lock.withLock {
            if buffer.phase != .over { buffer.endings.append(body) }
            return buffer.phase == .over
        }
        if isOver { body() }
    }

    // MARK: With the lock held

    func finishWithLockHeld(_ buffer: StreamBuffer, now: Instant) {
        guard buffer.phase == .open else { return }
        buffer.phase = .finished
        resume(buffer)
        setDeadline(now + configuration.responseDeadline, of: buffer.connection)
    }

    /// Its bytes are thrown away and the connection shut down, which ends it on the library's thread.
    func cut(_ buffer: StreamBuffer) {
        buffer.phase = .over
        buffer.pending = []
        buffer.connection.evict()
        resume(buffer)
    }

    private func resume(_ buffer: StreamBuffer) {
        guard buffer.isSuspended else { return }
        buffer.isSuspended = false
        buffer.connection.deadline = nil
        MHD_resume_connection(buffer.connection.handle)
    }
}
