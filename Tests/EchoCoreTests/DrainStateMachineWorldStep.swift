import EchoCore

/// One event in a world, its actions carried out, and the rules of interface.md, section 3, that it broke.
struct WorldStep {
    let before: World
    let event: World.Event
    var after: World
    var actions: [DrainAction] = []
    var violations: [String] = []

    init(before: World, event: World.Event) {
        self.before = before
        self.event = event
        after = before
    }

    mutating func take() {
        let answer = after.happen(event)
        actions = answer.actions
        let id = after.machine.drain?.id
        if let id, id != before.machine.drain?.id { after.beginDrain() }
        if after.machine.drain?.intent == .exit, after.intentExitAt == nil { after.intentExitAt = after.now }
        for action in actions { perform(action) }
        if answer.isRefused {
            check(actions.isEmpty && after.machine == before.machine, "a refusal changes nothing")
        }
        checkDrain()
        checkState()
        checkTime()
    }

    private mutating func check(_ condition: Bool, _ rule: String) {
        if !condition { violations.append(rule) }
    }

    // MARK: What the owner does, and when it may be told to

    private mutating func perform(_ action: DrainAction) {
        check(!after.isGone, "nothing comes after the end")
        let current = after.machine.drain?.id
        switch action {
        case .publishState, .warn:
            break
        case .closeDoors, .closeDoorsNow, .markConnections, .cutConnections, .resetConnections, .reopenConnections:
            performOnConnections(action)
        case .openListeners(let attempt):
            check(event == .undrain && after.owedUndrain == nil, "listeners are opened for an undrain only")
            after.attempts.append(attempt)
            after.owedUndrain = attempt
        case .closeReopenedListeners(let attempt):
            check(event == .listenersReopened && attempt != after.owedUndrain, "only overtaken listeners are closed")
        case .finishWaiters(let id, let milestone, let result):
            check(id == current && result == after.machine.drain?.result, "the result is told")
            check(after.tell(milestone), "waiters are answered once")
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
        let current = after.machine.drain?.id
        switch action {
        case .closeDoors(let id, let until):
            check(id == current && after.doors != .closed && until >= after.now, "closeDoors is for open doors")
            after.doors = .closing
        case .closeDoorsNow(let id):
            check(id == current && after.doors != .closed, "closeDoorsNow is for open doors")
            after.doors = .closing
        case .markConnections(let id, let until, _):
            check(id == current && after.doors != .open && !after.isCut, "marks follow the doors and precede the cut")
            check(after.machine.drain.map { $0.mode != .wait && until < $0.deadline } ?? false, "marks need mode close")
        case .cutConnections(let id), .resetConnections(let id):
            check(id == current && !after.isCut && after.doors != .open, "connections are cut once, doors first")
            after.isCut = true
        case .reopenConnections(let id):
            check(id == current && !after.isCut, "nobody comes back from a cut")
            after.doors = .open
        case .publishState, .openListeners, .closeReopenedListeners, .finishWaiters, .finishUndrain, .warn, .exit,
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
            check(before.machine.drain.map { $0.result == .undrained } ?? true, "a drain follows one taken back")
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
        if machine.state == .starting || machine.state == .serving || machine.drain?.intent == .hold {
            actions = machine.drainRequested(DrainRequest(intent: .exit), at: now).actions
        }
        for _ in 0..<12 {
            guard let timer = machine.nextTimer else { break }
            now = timer
            actions += machine.timePassed(at: now)
        }
        guard case .exitImmediately = actions.last else {
            violations.append("intent exit and time end it")
            return
        }
        let deadline = machine.drain?.deadline ?? after.now
        check(now <= max(deadline, after.now) + .seconds(2), "a shutdown ends it by T + 2 s")
    }
}
