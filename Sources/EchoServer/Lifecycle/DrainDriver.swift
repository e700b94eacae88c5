internal import Basics
internal import EchoCore
internal import EventLoops
internal import Logging
internal import Threads
internal import Wire

/// Does what the drain machine decides, one action at a time, on the control loop.
final class DrainDriver {
    private let lifecycle: Lifecycle
    private let announcer: Announcer
    private let control: EventLoop
    private let acceptor: Acceptor
    private let shards: [ShardHandle]
    private let log: Logger
    private let ending: Server.Ending
    private var isActing = false
    private lazy var timer = LoopTimer(on: control) { [unowned self] in
        lifecycle.timePassed()
        act()
    }
    private lazy var lingerTimer = LoopTimer(on: control) { [unowned self] in
        acceptLingerEnded()
        act()
    }
    /// The drain that closes the listeners, and how well that can be done.
    private var closing: (drain: Int, guarantee: AcceptQueueGuarantee)?
    /// The drain whose listeners are closed.
    private var closedFor: Int?
    /// The attempt of the undrain that waits until fewer listeners of former drains are open.
    private var waitingUndrain: Int?

    init(
        _ lifecycle: Lifecycle, _ announcer: Announcer, control: EventLoop, acceptor: Acceptor, shards: [ShardHandle],
        log: Logger, ending: Server.Ending
    ) {
        self.lifecycle = lifecycle
        self.announcer = announcer
        self.control = control
        self.acceptor = acceptor
        self.shards = shards
        self.log = log
        self.ending = ending
    }

    func open() {
        // A signal that came first has already ended the service: what is opened now would never be closed.
        guard lifecycle.status().state == .starting else { return }
        do throws(ListenError) {
            lifecycle.listenersBound(try acceptor.openAll().map(\.description))
        } catch {
            log.cannotStart(error)
            lifecycle.decide { $0.startFailed(at: $1) }
        }
        act()
    }

    /// Does all that was decided, then waits for the next time at which something is due.
    func act() {
        guard !isActing else { return }
        isActing = true
        defer { isActing = false }
        while let pending = lifecycle.nextAction() { perform(pending) }
        announcer.decisionsAreDone()
        timer.set(at: lifecycle.nextTimer?.nanoseconds)
    }

    private func perform(_ pending: Lifecycle.Pending) {
        switch pending.action {
        case .publishState(let state):
            if state == .serving { welcome() }
            log.stateChanged(state, lifecycle.status(), acceptQueue: lifecycle.configuration.drain.acceptQueue)
            announcer.stateChanged(to: state)
        case .closeListeners(let drain, let until): closeListeners(drain, until)
        case .closeListenersNow(let drain):
            acceptor.abandon()
            listenersClosed(drain, .bestEffort)
        case .markConnections(_, let spreadUntil, let grace):
            for shard in shards { shard.post { $0.mark(spreadUntil: spreadUntil, firstLineGrace: grace) } }
        case .cutConnections: for shard in shards { shard.post { $0.cut(resetAll: false) } }
        case .resetConnections: for shard in shards { shard.post { $0.cut(resetAll: true) } }
        case .reopenConnections: for shard in shards { shard.post { $0.reopen() } }
        case .openListeners(let attempt): reopen(attempt)
        case .finishUndrain(let attempt, let outcome): lifecycle.finishUndrain(attempt, outcome)
        case .finishWaiters(_, let milestone):
            if milestone == .drained, let drain = pending.drain { log.drainEnded(drain) }
            lifecycle.answer(pending)
        case .moveWaiters: lifecycle.answer(pending)
        case .warn(let warning): log.drainWarning(warning)
        case .exit(let code):
            acceptor.abandon()
            announcer.exiting()
            ending.orderly(code)
        case .exitImmediately(let code): ending.immediate(code, lifecycle.status())
        }
    }

    func observerCame(_ number: UInt64) {
        announcer.observerCame(number)
    }

    // MARK: Listeners

    private func closeListeners(_ drain: Int, _ until: MonotonicTime) {
        if closedFor == drain { return }
        announce()
        let guarantee = acceptor.retire(until: until.nanoseconds)
        // Called again with a nearer time: what the first call said about the listeners still holds.
        if closing?.drain != drain { closing = (drain, guarantee) }
        acceptLingerEnded()
    }

    /// Until they are marked, connections wait for their peer (mode wait) or for their turn.
    private func announce() {
        guard let blocker = lifecycle.announcedBlocker else { return }
        for shard in shards { shard.post { $0.announceDrain(blocker) } }
    }

    /// Closes the listeners whose time is over, and reports when no listener is left.
    private func acceptLingerEnded() {
        acceptor.closeRetired(at: control.now)
        lingerTimer.set(at: acceptor.nextClose)
        if let attempt = waitingUndrain, acceptor.hasRoomToReopen {
            waitingUndrain = nil
            lifecycle.decide { $0.listenersMayReopen(attempt: attempt, at: $1) }
        }
        if acceptor.isClosed, let closing { listenersClosed(closing.drain, closing.guarantee) }
    }

    private func listenersClosed(_ drain: Int, _ guarantee: AcceptQueueGuarantee) {
        closing = nil
        guard closedFor != drain else { return }
        closedFor = drain
        lifecycle.decide { $0.listenersClosed(drain: drain, acceptQueue: guarantee, at: $1) }
        let driver = LoopBound(self, on: control)
        for shard in shards {
            shard.post { shard in shard.reportEmptiness { driver.loop.post { driver.value.shardEmptied() } } }
        }
    }

    /// Serving, at the start or after an undrain: every shard knows it before the next client is accepted.
    private func welcome() {
        closing = nil
        closedFor = nil
        for shard in shards { shard.post { $0.reopen() } }
    }

    private func reopen(_ attempt: Int) {
        guard acceptor.hasRoomToReopen else {
            waitingUndrain = attempt
            return lifecycle.decide { $0.undrainMustWait(attempt: attempt, at: $1) }
        }
        do throws(ListenError) {
            try acceptor.reopenAll()
            lifecycle.decide { $0.listenersReopened(attempt: attempt, at: $1) }
        } catch {
            log.undrainFailed(error)
            lifecycle.decide { $0.undrainFailed(attempt: attempt, at: $1) }
            acceptLingerEnded()
        }
    }

    /// The drain is over when the listeners are closed and every client that came in has ended.
    private func shardEmptied() {
        guard let closedFor else { return }
        lifecycle.shardEmptied(drain: closedFor)
        act()
    }
}
