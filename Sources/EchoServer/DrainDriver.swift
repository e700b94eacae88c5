internal import EchoCore
internal import EventLoops
internal import Logging

/// Does what the drain machine decides, one action after the other, on the control loop.
final class DrainDriver {
    private let control: EventLoop
    private let doors: Doors
    private let shards: [ShardHandle]
    private let log: Logger
    private let ending: Server.Ending
    private weak var server: Server?
    private var announcer: Announcer?
    private var recorder: SampleRecorder?
    private var isActing = false
    private var machineTimer: LoopTimer?
    private var doorsTimer: LoopTimer?
    /// Until the nearest limit of a waiter.
    private var waitTimer: LoopTimer?
    /// The drain that closes the doors, and how well that can be done.
    private var closing: (drain: Int, guarantee: AcceptQueueGuarantee)?
    /// The drain whose doors are closed.
    private var closedFor: Int?

    init(control: EventLoop, doors: Doors, shards: [ShardHandle], log: Logger, ending: Server.Ending) {
        self.control = control
        self.doors = doors
        self.shards = shards
        self.log = log
        self.ending = ending
    }

    func attach(_ server: Server?) {
        self.server = server
        announcer = server.map { Announcer(control: control, server: $0) }
        recorder = server.map { SampleRecorder(server: $0) }
        doors.clientsCame = { [weak self] in self?.recorder?.clientCame() }
        machineTimer = LoopTimer(on: control) { [weak self] in
            self?.server?.decide { machine, moment in ((), machine.timePassed(at: moment.now)) }
        }
        doorsTimer = LoopTimer(on: control) { [weak self] in self?.acceptLingerEnded() }
        waitTimer = LoopTimer(on: control) { [weak self] in self?.waitersChanged() }
    }

    func open() {
        // A signal that came first has ended the service already: what is opened now nobody would close.
        guard let server, server.state.withLock({ $0.machine.state }) == .starting else { return }
        do throws(ListenError) {
            let addresses = try doors.openAll().map(\.description)
            server.state.withLock { $0.listen = addresses }
            server.decide { machine, moment in ((), machine.listenersBound(at: moment.now)) }
        } catch {
            log.cannotStart(error)
            server.decide { machine, moment in ((), machine.startFailed(at: moment.now)) }
        }
    }

    /// Does all that is queued, then waits for the machine's next time.
    func act() {
        guard let server, !isActing else { return }
        isActing = true
        defer { isActing = false }
        while let action = server.state.withLock({ $0.actions.isEmpty ? nil : $0.actions.removeFirst() }) {
            perform(action, server)
        }
        announcer?.decisionsAreDone()
        machineTimer?.set(at: server.state.withLock { $0.machine.nextTimer?.nanoseconds })
    }

    private func perform(_ action: DrainAction, _ server: Server) {
        switch action {
        case .publishState(let state):
            if state == .serving { welcome() }
            log.stateChanged(state, server.status(), doors: server.configuration.drain.acceptQueue)
            announcer?.stateChanged(to: state)
        case .closeDoors(let drain, let until): closeDoors(drain, until)
        case .closeDoorsNow(let drain):
            doors.abandon()
            doorsClosed(drain, .bestEffort)
        case .markConnections(_, let spreadUntil, let grace):
            for shard in shards { shard.post { $0.mark(spreadUntil: spreadUntil, firstLineGrace: grace) } }
        case .cutConnections: for shard in shards { shard.post { $0.cut(resetAll: false) } }
        case .resetConnections: for shard in shards { shard.post { $0.cut(resetAll: true) } }
        case .reopenConnections: for shard in shards { shard.post { $0.reopen() } }
        case .openListeners(let attempt): reopen(attempt, server)
        case .closeReopenedListeners: doors.closeReopened()
        case .finishUndrain(let attempt, let outcome): server.finishUndrain(attempt, outcome)
        case .finishWaiters(let drain, let milestone, let result):
            if milestone == .drained { log.drainEnded(server.status()) }
            server.finishWaiters(drain, milestone, result)
        case .warn(let warning): log.drainWarning(warning)
        case .exit(let code):
            doors.abandon()
            announcer?.exiting()
            ending.orderly(code)
        case .exitImmediately(let code): ending.immediate(code, server.status())
        }
    }

    func observerCame(_ number: UInt64) {
        announcer?.observerCame(number)
    }

    /// Somebody waits, or waits no more; or the nearest limit is over.
    func waitersChanged() {
        waitTimer?.set(at: server?.endOverdueWaits(now: control.now))
    }

    // MARK: Doors

    private func closeDoors(_ drain: Int, _ until: MonotonicTime) {
        if closedFor == drain { return }
        announce()
        let guarantee = doors.retire(until: until.nanoseconds)
        // Comes again with a nearer time: what the first said about the listeners holds.
        if closing?.drain != drain { closing = (drain, guarantee) }
        acceptLingerEnded()
    }

    /// Until they are marked, connections wait for their peer (mode wait) or for their turn.
    private func announce() {
        guard let blocker = server?.state.withLock({ $0.announcedBlocker }) else { return }
        for shard in shards { shard.post { $0.announceDrain(blocker) } }
    }

    /// Closes the listeners whose time is over; with the last of them the doors are closed.
    private func acceptLingerEnded() {
        doors.closeRetired(at: control.now)
        doorsTimer?.set(at: doors.nextClose)
        if doors.isClosed, let closing { doorsClosed(closing.drain, closing.guarantee) }
    }

    private func doorsClosed(_ drain: Int, _ guarantee: AcceptQueueGuarantee) {
        closing = nil
        guard closedFor != drain else { return }
        closedFor = drain
        server?.decide { machine, moment in
            ((), machine.doorsClosed(drain: drain, acceptQueue: guarantee, at: moment.now))
        }
        for shard in shards { shard.post { $0.reportEmptiness() } }
    }

    /// Serving, at the start or after an undrain: before the next client is accepted every shard knows it.
    private func welcome() {
        closing = nil
        closedFor = nil
        for shard in shards { shard.post { $0.reopen() } }
    }

    private func reopen(_ attempt: Int, _ server: Server) {
        do throws(ListenError) {
            try doors.reopenAll()
            server.decide { machine, moment in ((), machine.listenersReopened(attempt: attempt, at: moment.now)) }
        } catch {
            log.undrainFailed(error)
            server.decide { machine, moment in ((), machine.undrainFailed(attempt: attempt, at: moment.now)) }
        }
    }

    /// The drain is over when the doors are closed and all who came in have ended.
    func checkEmptiness() {
        guard let server, let drain = closedFor else { return }
        server.decide { machine, moment in
            guard moment.nobodyIsLeft else { return ((), []) }
            return ((), machine.connectionsEnded(drain: drain, at: moment.now))
        }
    }
}

/// A timer of a loop that can be set again and again. Loop's thread only.
final class LoopTimer: ReadinessHandler {
    private let loop: EventLoop
    private let fired: () -> Void
    private var registration: Registration?

    init(on loop: EventLoop, fired: @escaping () -> Void) {
        self.loop = loop
        self.fired = fired
    }

    /// `deadline` as `EventLoop.now`; nil takes it back.
    func set(at deadline: Int64?) {
        if registration == nil { registration = try? loop.register(self) }
        if let registration { loop.setTimer(registration, at: deadline) }
    }

    func readinessChanged(_ readiness: Readiness) {}

    func timerFired() { fired() }
}
