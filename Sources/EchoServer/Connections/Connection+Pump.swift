internal import EchoCore
internal import EventLoops
internal import Wire

/// The bytes: kernel → scratch buffer → `LineUppercaser` in place → kernel.
extension Connection {
    /// What a connection may take before others have their turn: bytes read, and steps of any kind.
    private static let bytesATurn: UInt64 = 32_768
    private static let stepsATurn = 16

    func readinessChanged(_ readiness: Readiness) {
        if readiness.announcesMoreThanBytes { shortReadsEmpty = false }
        pump()
    }

    /// Goes on until the kernel has nothing more, or takes nothing more, or the turn is over.
    func pump() {
        let end = received &+ Self.bytesATurn
        for _ in 0..<Self.stepsATurn where received < end {
            guard step() else { return }
        }
        pumpAgain()
    }

    /// Whether there may be more to do at once.
    private func step() -> Bool {
        switch phase {
        case .echoing: flush() && readAndAnswer(atMost: shard.scratch.capacity)
        case .closing(let reason, let unread): flush() && readToTheMark(reason, unread)
        case .flushing(let reason): flush() && sendFIN(reason)
        case .finishing: flush() && finish()
        case .lingering, .refused: discard()
        case .ended: false
        }
    }

    // MARK: Reading

    private func readAndAnswer(atMost limit: Int) -> Bool {
        switch receive(atMost: limit) {
        case .bytes(0):
            peerFinished()
            return true
        case .bytes(let count):
            answer(count)
            // After a short read the kernel's queue is empty (epoll(7)); what comes later is a new event.
            if count == limit || !shortReadsEmpty || !pending.isEmpty { return true }
            if case .echoing = phase { return false }
            return true
        case .wouldBlock:
            return false
        case .failed(let call):
            failed(call)
            return false
        }
    }

    /// Mode close: reads what was received at the mark, then on to the end of the line, no further.
    private func readToTheMark(_ reason: CloseReason, _ unread: Int) -> Bool {
        if unread > 0 { return readReceivedAtMark(reason, unread) }
        let unfinished = partialLine ?? 0
        // In a drain the deadline limits the rest of the line. An idle client has had its time, and the admin sets no
        // deadline.
        if unfinished > 0 && reason == .drained { return readToTheNewline() }
        if socket?.readiness.contains(.peerShutdown) == true {
            // The peer's FIN came before ours: everything before it is echoed, whenever it came.
            phase = .echoing
            return true
        }
        if unfinished > 0 {
            shard.counters.add(unfinished, to: .incomplete)
            uppercaser = LineUppercaser(maximumLineLength: shard.configuration.maximumLineLength)
        }
        return sendFIN(reason)
    }

    private func readReceivedAtMark(_ reason: CloseReason, _ unread: Int) -> Bool {
        switch receive(atMost: min(unread, shard.scratch.capacity)) {
        case .bytes(0): peerFinished()
        case .bytes(let count):
            phase = .closing(reason, unread: unread - count)
            answer(count)
        case .wouldBlock: phase = .closing(reason, unread: 0)
        case .failed(let call):
            failed(call)
            return false
        }
        return true
    }

    /// Peeks before it reads, so that nothing after the newline leaves the kernel: an undrain finds it there.
    private func readToTheNewline() -> Bool {
        switch receive(atMost: shard.scratch.capacity, peek: true) {
        case .bytes(0):
            peerFinished()
            return true
        case .bytes(let available):
            let line = shard.scratch.withBytes(available) { LineUppercaser.lengthOfFirstLine(in: $0.span) }
            guard case .bytes(let count) = receive(atMost: line ?? available), count > 0 else { return true }
            answer(count)
            return true
        case .wouldBlock:
            return false
        case .failed(let call):
            failed(call)
            return false
        }
    }

    private func receive(atMost limit: Int, peek: Bool = false) -> Transfer {
        let transfer = socket?.receive(into: shard.scratch, atMost: limit, peek: peek) ?? .wouldBlock
        if case .bytes(let count) = transfer, !peek, count > 0 {
            lastActivity = shard.loop.now
            countReceived(count)
        }
        return transfer
    }

    /// Counts every byte that leaves the kernel, answered or not.
    @inline(__always)
    func countReceived(_ count: Int) {
        received &+= UInt64(count)
        shard.counters.received.add(count)
    }

    // MARK: Answering

    private func answer(_ count: Int) {
        switch shard.configuration.mode {
        case .upper:
            let result = shard.scratch.withBytes(count) { uppercaser.receive(&$0, overflow: &shard.overflow) }
            switch result.answer {
            case .none: break
            case .inPlace(let range): write(range)
            case .appended: writeOverflow()
            }
            took(result)
        case .verbatim:
            write(0..<count)
        }
    }

    private func took(_ result: LineUppercaser.Result) {
        lines &+= UInt64(result.lines)
        shard.counters.lines.add(result.lines)
        guard let failure = result.failure else { return }
        if case .ended = phase { return }
        let reason: CloseReason =
            switch failure {
            case .invalidUTF8: .invalidUTF8
            case .lineTooLong: .lineTooLong
            }
        shard.counters.add(result.unanswered, to: .incomplete)
        shard.log.lineRefused(self, reason)
        markDueAt = nil
        phase = .flushing(reason)
        watchClosing()
    }

    private func peerFinished() {
        peerHasFinished = true
        markDueAt = nil
        phase = .finishing
        guard shard.configuration.mode == .upper else { return }
        let result = uppercaser.finish(into: &shard.overflow)
        if result.answer == .appended { writeOverflow() }
        took(result)
    }

    // MARK: Writing

    /// Writes at once what the kernel takes of the scratch buffer, and keeps the rest.
    private func write(_ range: Range<Int>) {
        guard let written = account(socket?.send(shard.scratch, range), of: range.count) else { return }
        if written < range.count { keep(shard.scratch[range.dropFirst(written)]) }
        watchWritesIfAsked()
    }

    private func writeOverflow() {
        defer { shard.overflow.removeAll(keepingCapacity: true) }
        guard let written = account(socket?.send(shard.overflow), of: shard.overflow.count) else { return }
        if written < shard.overflow.count { keep(Array(shard.overflow[written...])) }
        watchWritesIfAsked()
    }

    private func keep(_ rest: [UInt8]) {
        pending = rest
        pendingStart = 0
    }

    /// Returns whether nothing is pending. Writes until the kernel takes no more: after a short write it owes no event.
    private func flush() -> Bool {
        if pending.isEmpty { return true }
        guard retry == nil else { return false }
        while pendingStart < pending.count {
            guard let written = account(socket?.send(pending, from: pendingStart), of: 0), written > 0 else {
                return false
            }
            pendingStart += written
        }
        keep([])
        return true
    }

    /// Returns how many bytes the kernel took; nil when the connection has failed, which discards `fresh` bytes of
    /// answers that are in no buffer of echod.
    private func account(_ transfer: Transfer?, of fresh: Int) -> Int? {
        switch transfer {
        case .bytes(let count):
            sent &+= UInt64(count)
            shard.counters.sent.add(count)
            return count
        case .wouldBlock, nil:
            return 0
        case .failed(let call):
            // If the kernel lacks memory, the answer stays with us; otherwise the connection has ended.
            if call.owner == .shortage {
                failed(call)
                return 0
            }
            failed(call, unwritten: fresh)
            return nil
        }
    }
}
