import Basics
import EchoCore
import Wire

/// One event in a world, its actions carried out, and the rules of contract.md, section 3, that it broke.
struct WorldStep {
    let before: World
    let event: World.Event
    var after: World
    var actions: [DrainAction] = []
    var violations: [String] = []
    /// The drain that the actions are about: an undrain's end and the beginning of the next drain may be one event.
    private var current: Int?

    init(before: World, event: World.Event) {
        self.before = before
        self.event = event
        after = before
        current = before.machine.drain?.id
    }

    mutating func take() {
        let answer = after.happen(event)
        actions = answer.actions
        for action in actions { perform(action) }
        if let id = after.machine.drain?.id { begin(id) }
        if after.machine.drain?.intent == .exit, after.intentExitAt == nil { after.intentExitAt = after.now }
        if answer.isRefused {
            check(actions.isEmpty && after.machine == before.machine, "a refusal changes nothing")
        }
        checkDrain()
        checkComingDrain()
        checkState()
        checkTime()
    }

    private mutating func begin(_ drain: Int) {
        guard drain == after.machine.drain?.id, drain != current else { return }
        current = drain
        after.beginDrain()
    }

    private mutating func check(_ condition: Bool, _ rule: String) {
        if !condition { violations.append(rule) }
    }

    // MARK: What the owner does, and when it may be told to

    private mutating func perform(_ action: DrainAction) {
        check(!after.isGone, "nothing comes after the end")
        switch action {
        case .publishState, .warn:
            break
        case .closeListeners, .closeListenersNow, .markConnections, .cutConnections, .resetConnections,
            .reopenConnections:
            performOnConnections(action)
        case .openListeners(let attempt):
            let isAwaited = event == .listenersMayReopen && attempt == before.waiting && attempt == after.owedUndrain
            check(
                isAwaited || event == .undrain && after.owedUndrain == nil, "listeners are opened for an undrain only")
            after.attempts.append(attempt)
            after.owedUndrain = attempt
        case .finishWaiters(let drain, let milestone):
            begin(drain.id)
            check(drain.id == current && drain.result != nil, "the result is told")
            check(drain == after.machine.drain || drain.result == .undrained, "the result is the machine's")
            check(after.tell(milestone), "waiters are answered once")
        case .moveWaiters(let former, let drain):
            check(
                former == before.machine.comingDrain?.id && drain == current, "waiters follow a drain that was coming")
        case .finishUndrain(let attempt, let outcome):
            check(attempt == after.owedUndrain && outcome != .opening(attempt: attempt), "an undrain is answered once")
            after.owedUndrain = nil
        case .exit(let code):
            checkExit(code)
            after.isExiting = true
        case .exitImmediately(let code):
            if !after.isExiting { checkExit(code) }
            check(code == after.machine.exitCode, "the code is the machine's")
            after.isGone = true
        }
    }

    private mutating func performOnConnections(_ action: DrainAction) {
        switch action {
        case .closeListeners(let id, let until):
            begin(id)
            check(
                id == current && after.listeners != .closed && until >= after.now,
                "closeListeners is for open listeners")
            after.listeners = .closing
        case .closeListenersNow(let id):
            begin(id)
            let mayBeOpen = after.listeners != .closed || before.owedUndrain != nil
            check(id == current && mayBeOpen, "closeListenersNow is for open listeners")
            after.listeners = .closing
        case .markConnections(let id, let until, _):
            check(
                id == current && after.listeners != .open && !after.isCut,
                "marks follow the listeners and precede the cut")
            check(after.machine.drain.map { $0.mode != .wait && until < $0.deadline } ?? false, "marks need mode close")
        case .cutConnections(let id), .resetConnections(let id):
            check(
                id == current && !after.isCut && after.listeners != .open, "connections are cut once, listeners first")
            after.isCut = true
        case .reopenConnections(let id):
            check(id == current && !after.isCut, "nobody comes back from a cut")
            after.listeners = .open
        case .publishState, .openListeners, .finishWaiters, .moveWaiters, .finishUndrain, .warn, .exit,
            .exitImmediately:
            break
        }
    }

    private mutating func checkExit(_ code: ExitCode) {
        check(!after.isExiting && after.machine.state == .exiting && code == after.machine.exitCode, "one exit")
        guard let drain = after.machine.drain else {
            check(before.machine.state == .starting, "without a drain only a start ends")
            check(code == (event == .startFailed ? .failure : .success), "a start that was stopped is no failure")
            return
        }
        check(drain.result.flatMap { ExitCode($0) } == code, "the code follows the result")
        check(drain.result != .clean || after.open == 0, "clean means that every connection ended")
        check(after.isEveryoneTold, "nobody is left waiting at the exit")
        check(after.owedUndrain == nil, "no undrain is left without an answer")
        check(drain.intent == .exit, "only intent exit exits")
    }

    // MARK: What holds after every event

    private mutating func checkDrain() {
        guard let drain = after.machine.drain else { return }
        guard let former = before.machine.drain, former.id == drain.id else {
            let isTakenBack =
                event == .listenersReopened || before.machine.drain.map { $0.result == .undrained } ?? true
            check(isTakenBack, "a drain follows one taken back")
            check(drain.id == (before.machine.drain?.id ?? 0) + 1, "drains are numbered")
            return
        }
        check(drain.deadline <= former.deadline, "the deadline only comes nearer")
        check(drain.delay <= former.delay && drain.delay >= .zero, "the delay only gets shorter")
        check(drain.mode >= former.mode, "the mode only gets harsher")
        check(former.intent == .hold || drain.intent == .exit, "intent exit stays")
        check(former.acceptQueue == .lossless || drain.acceptQueue != .lossless, "a promise lost stays lost")
        let isAllowed =
            former.result == nil || former.result == drain.result || drain.result == .undrained
            || (former.result == .forced && drain.result == .lost)
        check(isAllowed && (former.result != .undrained || drain.result == .undrained), "a result stays")
        check(former.endedAt == nil || former.endedAt == drain.endedAt, "a drain ends once")
    }

    /// A drain that was asked for during an undrain begins as it was answered, or its waiters follow to the one that
    /// goes on.
    private mutating func checkComingDrain() {
        if let coming = after.machine.comingDrain {
            check(
                coming.id == (after.machine.drain?.id ?? 0) + 1 && after.owedUndrain != nil, "it comes after an undrain"
            )
            check(coming.deadline > after.now, "its deadline is kept")
        }
        guard let coming = before.machine.comingDrain else { return }
        let isLeft = after.machine.comingDrain?.id == coming.id || after.machine.drain?.id == coming.id
        let isMoved = actions.contains(.moveWaiters(from: coming.id, to: coming.id - 1))
        check(isLeft != isMoved, "waiters follow a drain that does not begin")
        if let drain = after.machine.drain, drain.id == coming.id {
            check(event == .listenersReopened, "it begins when the listeners are open")
            check(drain.deadline == coming.deadline && drain.intent == coming.intent, "it begins as it was answered")
        }
    }

    private mutating func checkState() {
        let state = after.machine.state
        let published = actions.compactMap { action -> ServiceState? in
            guard case .publishState(let state) = action else { return nil }
            return state
        }
        check(published.last ?? before.machine.state == state, "every state is published")
        check(after.open + after.endedConnections == World.connections, "every connection ends once")
        let isOver = state == .drained || state == .exiting
        check((after.machine.exitCode != nil) == isOver, "the exit code is known from drained on")
        check(state != .drained || after.open == 0, "drained means that no connection is left")
        if state == .drained || event == .connectionsEnded, let result = after.machine.drain?.result,
            before.machine.drain?.result == nil
        {
            let expected: DrainResult =
                after.tally.lostSent > 0 ? .lost : after.tally.forced > 0 ? .forced : .clean
            check(result == expected, "the result follows the tally")
        }
        if state == .serving, after.machine.drain != nil {
            check(after.isEveryoneTold, "an undrain answers whoever waits")
            check(after.owedUndrain == nil, "serving owes nobody an undrain")
            check(!after.hasSeenSignal, "no undrain after a signal")
        }
        check(state != .forcing || after.isCut, "forcing cuts")
    }

    private mutating func checkTime() {
        if let timer = after.machine.nextTimer {
            check(timer > after.now, "what is due has happened")
        }
        if let drain = after.machine.drain, drain.intent == .exit, after.machine.state != .serving, !after.isGone {
            let latest = max(drain.deadline, after.intentExitAt ?? drain.deadline) + .seconds(2)
            check(after.now <= latest, "the process is gone by T + 2 s")
        }
    }

    /// From wherever it is, time alone ends the process, after a shutdown where the intent is hold, though the data
    /// plane says nothing any more.
    mutating func checkThatItCanEnd() {
        guard !after.isGone else { return }
        var machine = after.machine
        var now = after.now
        var actions: [DrainAction] = []
        var deadline = after.now
        if machine.state == .starting || machine.state == .serving || machine.drain?.intent == .hold {
            actions = machine.drainRequested(DrainRequest(intent: .exit), at: .init(now, after.tally)).actions
            deadline = machine.comingDrain?.deadline ?? deadline
        }
        for _ in 0..<12 {
            guard let timer = machine.nextTimer else { break }
            now = timer
            actions += machine.timePassed(at: .init(now, after.tally))
        }
        guard case .exitImmediately = actions.last else {
            violations.append("intent exit and time end it")
            return
        }
        deadline = max(deadline, machine.drain?.deadline ?? deadline)
        check(now <= deadline + .seconds(2), "a shutdown ends it by T + 2 s")
    }
}
