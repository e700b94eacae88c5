internal import AdminClient
internal import Basics
internal import EchoCore
internal import EventLoops
internal import Glibc

/// `connections --watch`: asks each second, until the server is gone or a signal comes. On its loop's thread only.
///
/// Both ways of showing return why they ended, which is always an error: the only other end is a signal, and that ends
/// the process.
final class ConnectionsWatch {
    private static let interval = Duration.seconds(1)

    private let request: AdminRequest
    private let target: AdminTarget
    private let loop: EventLoop
    private let show: (AdminAnswer) throws -> Void
    private let finish: (any Error) -> Void
    private var hasShown = false

    private init(
        _ request: AdminRequest, _ target: AdminTarget, on loop: EventLoop,
        show: @escaping (AdminAnswer) throws -> Void, finish: @escaping (any Error) -> Void
    ) {
        self.request = request
        self.target = target
        self.loop = loop
        self.show = show
        self.finish = finish
    }

    /// A table each second, separated by empty lines: for pipes and files. JSON is a line each second.
    static func inTurn(
        _ request: AdminRequest, _ target: AdminTarget, _ view: ConnectionsView, _ console: ClientConsole
    ) throws -> any Error {
        try ClientLoop.run { loop, finish in
            var isFirst = true
            let watch = ConnectionsWatch(request, target, on: loop) { answer in
                if !isFirst && !view.asJSON { try console.write("\n") }
                isFirst = false
                try console.say(try view.text(answer, width: console.size?.columns))
            } finish: {
                finish($0)
            }
            watch.ask()
        }
    }

    /// Drawn in place.
    static func onScreen(
        _ request: AdminRequest, _ target: AdminTarget, _ view: ConnectionsView, _ console: ClientConsole
    ) throws -> any Error {
        let signals = SignalSource.heeded(ClientScreen.signals)
        SignalSource.block(signals)
        defer { SignalSource.restoreDefaults(signals) }
        return try ClientLoop.run { loop, finish in
            let screen = ClientScreen(console, signals, on: loop)
            let watch = ConnectionsWatch(request, target, on: loop) { answer in
                try screen.show { size in try view.screen(answer, size) }
            } finish: { error in
                screen.leave()
                finish(error)
            }
            watch.ask()
        }
    }

    private func ask() {
        Exchange(request, to: target, on: loop) { [self] outcome in
            do {
                try show(try outcome.mapError { hasShown ? $0.afterAnswers : $0 }.get())
                hasShown = true
                loop.call(after: Self.interval.inNanoseconds) { [self] in ask() }
            } catch {
                finish(error)
            }
        }
    }
}

/// A terminal's alternate screen, which is left again at the end. On its loop's thread only.
final class ClientScreen {
    static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH]

    private let console: ClientConsole
    private var signals: SignalSource?
    private var isOurs = false
    private var lines: (Terminal.Size) throws -> [String] = { _ in [] }

    /// `signals` are blocked.
    init(_ console: ClientConsole, _ signals: [Int32], on loop: EventLoop) {
        self.console = console
        self.signals = try? SignalSource(signals, on: loop) { [unowned self] in signalled($0) }
        // A screen that is not restored is better than a command that Ctrl-C cannot end.
        if self.signals == nil { SignalSource.restoreDefaults(signals) }
    }

    /// Shows what `lines` returns for the size, at once and whenever the size changes.
    func show(_ lines: @escaping (Terminal.Size) throws -> [String]) throws {
        self.lines = lines
        try draw()
    }

    /// Restores the screen.
    func leave() {
        guard isOurs else { return }
        isOurs = false
        // Shows the cursor and the previous screen.
        try? console.write("\u{1b}[?25h\u{1b}[?1049l")
    }

    private func draw() throws {
        guard let size = console.size else { return }
        // Before the alternate screen is entered: an error belongs on the normal one.
        let lines = try lines(size)
        // One write, from the upper left corner, that clears each line just before it is written, so that nothing
        // flickers. Not after it: in the last column that would remove the last character.
        var text = isOurs ? "" : "\u{1b}[?1049h\u{1b}[?25l"
        isOurs = true
        text += "\u{1b}[H" + lines.map { "\u{1b}[K\($0)" }.joined(separator: "\r\n")
        if lines.count < size.rows { text += "\r\n\u{1b}[J" }
        try console.write(text)
    }

    private func signalled(_ number: Int32) {
        switch number {
        case SIGWINCH:
            if isOurs { try? draw() }
        case SIGTSTP:
            leave()
            SignalSource.stopProcess()
            // Continued in the foreground, or else the terminal stops the process again at the next write.
            try? draw()
        default:
            leave()
            SignalSource.die(of: number)
        }
    }
}
