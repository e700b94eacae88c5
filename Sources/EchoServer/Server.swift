internal import Basics
package import EchoCore
package import EventLoops
package import Logging
internal import Threads
package import Wire

/// The data plane: listeners, shards of connections, and the drain. Thread-safe; parts that belong to one thread are
/// reached by messages.
package final class Server: Sendable {
    /// How the process ends, called on the control loop.
    package struct Ending: Sendable {
        let orderly: @Sendable (ExitCode) -> Void
        let immediate: @Sendable (ExitCode, ServiceStatus) -> Void

        /// `orderly` stops the admin plane and then the loops; `immediate` does not return, and gets the status
        /// to report.
        package init(
            orderly: @escaping @Sendable (ExitCode) -> Void,
            immediate: @escaping @Sendable (ExitCode, ServiceStatus) -> Void
        ) {
            self.orderly = orderly
            self.immediate = immediate
        }
    }

    let control: EventLoop
    let shards: [ShardHandle]
    let configuration: ServerConfiguration
    let lifecycle: Lifecycle
    let sampler: Sampler
    let observers = Observers()
    let history = Lock(SampleHistory())
    let watchdog: Watchdog
    private let driver: LoopBound<DrainDriver>

    /// Neither `control` nor `loops` may run yet; connections live on `loops`, everything else on `control`.
    package init(
        _ configuration: ServerConfiguration, control: EventLoop, loops: [EventLoop], processID: Int, log: Logger,
        ending: Ending
    ) {
        self.control = control
        self.configuration = configuration
        shards = loops.map { loop in
            let counters = ShardCounters()
            let shard = Shard(loop: loop, counters: counters, configuration: configuration, log: log)
            return ShardHandle(shard, loop: loop, counters: counters)
        }
        let accepted = AcceptCounters()
        lifecycle = Lifecycle(
            configuration, processID: processID, counters: shards.map(\.counters), accepted: accepted)
        sampler = Sampler(lifecycle, shards: shards, control: control)
        watchdog = Watchdog(control: control, loops: loops)
        let recorder = SampleRecorder(lifecycle, history, control: control)
        let acceptor = Acceptor(
            control: control, shards: shards, configuration: configuration, accepted: accepted, log: log,
            clientsCame: { recorder.clientCame() })
        let announcer = Announcer(observers, lifecycle, sampler, control: control)
        driver = LoopBound(
            givenTo: control,
            DrainDriver(
                lifecycle, announcer, control: control, acceptor: acceptor, shards: shards, log: log, ending: ending))
    }

    /// Serves on the calling thread, which becomes the thread of `loop`. Returns when the server is finished (`finish`)
    /// and the last connection on this loop is closed.
    package func run(_ loop: EventLoop) {
        shards.first { $0.loop === loop }?.run()
    }

    /// Binds the listeners and starts serving. An address that cannot be bound ends the service with exit code 1.
    package func open() {
        onControl { $0.open() }
    }

    /// TERM, INT or QUIT. From any thread.
    package func signalReceived(_ signal: TerminationSignal) {
        lifecycle.decide { $0.signalReceived(signal, at: $1) }
        act()
    }

    /// No more clients will come: `run` returns on each loop when its last connection is closed.
    package func finish() {
        for shard in shards { shard.post { $0.finish() } }
    }

    /// What the admin plane listens on, for the status.
    package func setAdminAddresses(_ addresses: [String]) {
        lifecycle.setAdminAddresses(addresses)
    }

    func onControl(_ body: @escaping @Sendable (DrainDriver) -> Void) {
        control.post { [driver] in body(driver.value) }
    }

    /// Makes the driver do what was decided: on the control loop at once, before this turn accepts another client.
    func act() {
        if control.isCurrent {
            driver.value.act()
        } else {
            onControl { $0.act() }
        }
    }
}
