internal import Basics
internal import EchoCore
internal import EventLoops
internal import Wire

/// How a connection ends, and what was lost when we cut it.
extension Connection {
    // MARK: Drain

    /// Plans the mark for `turn`, or keeps an earlier one.
    func takeTurn(at turn: Int64) {
        guard case .marking(let grace) = shard.closing, case .echoing = phase else { return }
        var due = turn
        if received == 0 { due = max(due, openedAt + grace) }
        due = min(due, markDueAt ?? due)
        markDueAt = due
        if due <= shard.loop.now { mark() } else { rearmTimer() }
    }

    func mark() {
        if !wasMarked { shard.counters.add(1, to: .atMark) }
        wasMarked = true
        beginClosing(.drained)
    }

    /// Mode close: answers what has been received by now and the line it ends in, then FIN and the linger.
    func beginClosing(_ reason: CloseReason) {
        guard case .echoing = phase else { return }
        markDueAt = nil
        phase = .closing(reason, unread: unreadBytes)
        if reason != .drained { watchClosing() }
        pump()
    }

    /// Undrain: reopens the connection, unless our FIN is sent, or it is closed for the admin or for a fault of its
    /// own.
    func drainWasTakenBack() {
        markDueAt = nil
        wasMarked = false
        if case .closing(.drained, _) = phase {
            phase = .echoing
            pump()
        }
        // With its FIN sent it finishes closing; the deadline that bounded this is gone.
        if case .lingering(_, nil) = phase { watchClosing() }
        // The mark removed the idle timer.
        rearmTimer()
    }

    // MARK: The admin

    /// `DELETE /connections/{id}`. A connection that is ending for another reason goes on ending that way, unless it is
    /// cut; one that a drain is closing no longer waits for the end of its line.
    func closeForAdmin(_ mode: ConnectionCloseMode) {
        switch (phase, mode) {
        case (.ended, _): return
        // Ends within 100 ms anyway, and is counted among the refused clients that are still here.
        case (.refused, .close): return
        case (.refused, .abort): end(.refused)
        case (.closing(.drained, let unread), .close):
            phase = .closing(.adminClosed, unread: unread)
            watchClosing()
            pump()
        case (_, .close): beginClosing(.adminClosed)
        case (_, .abort): cutWithLosses(.adminClosed)
        }
    }

    // MARK: The last bytes

    func sendFIN(_ reason: CloseReason) -> Bool {
        guard shutdownWriting() else { return false }
        phase = .lingering(reason, until: nil)
        return true
    }

    private func shutdownWriting() -> Bool {
        if let call = socket?.shutdownWriting() {
            failed(call)
            return false
        }
        finIsSent = true
        return true
    }

    /// After the peer's FIN, with all answers written: waits until they are acknowledged. The kernel could do this
    /// alone, but it gives up on a slow reader after a while.
    func finish() -> Bool {
        if socketHasFailed() { return false }
        if !finIsSent && unacknowledgedBytes > 0 && !shutdownWriting() { return false }
        if allIsAcknowledged { end(.peerClosed) }
        return false
    }

    /// After our FIN.
    func discard() -> Bool {
        if !peerHasFinished {
            switch socket?.receive(into: shard.scratch, atMost: shard.scratch.capacity) {
            case .bytes(0): peerHasFinished = true
            case .bytes(let count):
                countDiscarded(count)
                return true
            case .wouldBlock, nil: break
            case .failed(let call):
                failed(call)
                return false
            }
        }
        switch phase {
        case .refused: if peerHasFinished { end(.refused) }
        case .lingering(let reason, let until): linger(reason, until)
        case .echoing, .closing, .flushing, .finishing, .ended: break
        }
        return false
    }

    /// A refused client was never served, so what it sends is not counted.
    private func countDiscarded(_ count: Int) {
        if case .refused = phase { return }
        countReceived(count)
        lateDiscarded &+= UInt64(count)
        shard.counters.add(count, to: .lateDiscarded)
    }

    /// The kernel wakes us when our FIN is acknowledged, and with it everything before it.
    private func linger(_ reason: CloseReason, _ until: Int64?) {
        let isAcknowledged = allIsAcknowledged
        if isAcknowledged && peerHasFinished { return end(reason) }
        guard !socketHasFailed(), isAcknowledged else { return }
        if until == nil {
            closeWatch = nil
            phase = .lingering(reason, until: shard.loop.now + shard.configuration.linger.inNanoseconds)
            rearmTimer()
        }
    }

    /// Whether everything that we sent is acknowledged, our FIN included.
    private var allIsAcknowledged: Bool { isUnix || socket?.unacknowledgedBytes == 0 }

    /// Asks for POLLERR, not for SO_ERROR, which also reports a route that is gone for the moment.
    private func socketHasFailed() -> Bool {
        guard socket?.readiness.contains(.error) == true else { return false }
        resetByPeer()
        return true
    }

    /// The peer's reset discards what the peer had not acknowledged, and `unwritten` bytes of an answer.
    func resetByPeer(unwritten: Int = 0) {
        if case .ended = phase { return }
        if case .refused = phase { return end(.refused) }
        shard.counters.add(undeliveredBytes + unwritten, to: .abandonedByPeer)
        shard.counters.add(partialLine ?? 0, to: .incomplete)
        end(.resetByPeer)
    }

    /// Bytes of answers that the peer has not acknowledged: those the kernel has not taken yet, and those it has.
    private var undeliveredBytes: Int { pending.count - pendingStart + unacknowledgedBytes }

    // MARK: Cutting

    /// The deadline. A connection with nothing unfinished and nothing unacknowledged ends normally; with `evenIfDone`
    /// (mode abort) it is reset all the same.
    func cut(evenIfDone: Bool) {
        switch phase {
        case .ended: return
        case .refused: return end(.refused)
        case .lingering(let reason, _) where !evenIfDone && unacknowledgedBytes == 0: return end(reason)
        case .echoing, .closing, .flushing, .finishing, .lingering: break
        }
        if !evenIfDone && isDone {
            discardLateInput()
            return end(.drained)
        }
        cutWithLosses(.forced)
    }

    /// Reads what came after the mark, because a close with unread input would send a reset. Does not wait for the end
    /// of a flood.
    private func discardLateInput() {
        for _ in 0..<16 {
            let transfer = socket?.receive(into: shard.scratch, atMost: shard.scratch.capacity)
            guard case .bytes(let count) = transfer, count > 0 else { return }
            countDiscarded(count)
        }
    }

    private var isDone: Bool {
        guard pending.isEmpty, (partialLine ?? 0) == 0, unacknowledgedBytes == 0 else { return false }
        return unreadAtTheMark == 0
    }

    private var unreadAtTheMark: Int {
        switch phase {
        case .echoing: unreadBytes
        case .closing(_, let unread): unread
        case .flushing, .lingering, .finishing, .refused, .ended: 0
        }
    }

    /// Ends the connection with a reset, and counts what that destroys, including `unwritten` bytes of an answer that
    /// are in no buffer of echod. Outside a drain it logs the loss, which otherwise only the metrics would show.
    func cutWithLosses(_ reason: CloseReason, unwritten: Int = 0) {
        let sent = undeliveredBytes + unwritten
        let received = countUnanswered()
        shard.counters.add(sent, to: .lostSent)
        shard.counters.add(received, to: .lostReceived)
        if case .none = shard.closing, received + sent > 0 {
            shard.log.bytesLost(self, reason, received: received, sent: sent)
        }
        socket?.setResetOnClose()
        end(reason)
    }

    /// Reads what was received at the mark and counts the unfinished line at its end. Returns the bytes of complete
    /// lines.
    private func countUnanswered() -> Int {
        var rest = unreadAtTheMark
        // Of the unfinished line and what follows it, everything up to the last newline is complete lines, which are
        // lost.
        var complete = 0
        var incomplete = partialLine ?? 0
        while rest > 0 {
            let transfer = socket?.receive(into: shard.scratch, atMost: min(rest, shard.scratch.capacity))
            if case .failed(let call) = transfer, call.owner != .peer {
                // What cannot be read cannot be inspected either: all of it counts as lines.
                complete += incomplete + rest
                incomplete = 0
            }
            guard case .bytes(let count) = transfer, count > 0 else { break }
            rest -= count
            countReceived(count)
            let lost =
                partialLine == nil
                ? count : shard.scratch.withBytes(count) { LineUppercaser.lengthOfCompleteLines(in: $0.span) }
            if lost > 0 {
                complete += incomplete + lost
                incomplete = 0
            }
            incomplete += count - lost
        }
        shard.counters.add(incomplete, to: .incomplete)
        return complete
    }
}
