import Admin
import Basics
import EchoCore
import EchoServer
import EventLoops
import Glibc
import Logging
import Options
import Wire

/// What the options mean for the parts of the process.
extension Service {
    /// Called before loops and listeners are opened. Logs a warning if few clients can be served.
    func budget(_ listeners: [ResolvedAddress], _ adminListeners: [ResolvedAddress]) throws -> DescriptorBudget {
        let limit = HostLimits.descriptorLimit()
        let budget = try DescriptorBudget(
            .init(
                limit: limit, open: DescriptorBudget.countOpen(limit: limit), loops: options.loops,
                listeners: listeners.reduce(0) { $0 + $1.socketCount },
                adminListeners: adminListeners.reduce(0) { $0 + $1.socketCount }))
        if budget.isTight { log.fewDescriptors(budget) }
        return budget
    }

    func configuration(
        _ listeners: [ResolvedAddress], _ drain: DrainDefaults, _ budget: DescriptorBudget
    ) throws -> ServerConfiguration {
        ServerConfiguration(
            listeners: listeners, mode: options.mode,
            maximumConnections: try budget.maximumConnections(options.maxConnections),
            refusalsAtATime: budget.refusals, maximumLineLength: options.maxLine, idleTimeout: options.idleTimeout,
            writeTimeout: options.writeTimeout, linger: options.linger, closeTimeout: options.closeTimeout,
            drain: drain, version: Product.version)
    }

    func adminConfiguration(
        _ adminListeners: [ResolvedAddress], _ server: ServerConfiguration
    ) throws -> AdminConfiguration {
        let token = try options.adminTokenFile.map { path in try TokenFile(path: path, log: log) }
        let isRemote = !Resolution.isLoopbackOnly(adminListeners)
        if options.adminAllowRemote, token == nil, isRemote {
            log.remoteAdminWithoutToken(options.admin.map(\.description))
        }
        return AdminConfiguration(
            allowedHosts: options.adminHost, allowRemote: options.adminAllowRemote, token: token, userID: getuid(),
            drainDefaults: server.drain, version: Product.version,
            settings: RunningSettings(
                given: options, acceptLinger: server.drain.acceptLinger,
                maximumConnections: server.maximumConnections, logLevelController: logLevel),
            log: log)
    }

    /// Logs a warning where the accept queue is not lossless.
    func drainDefaults(_ listeners: [ResolvedAddress]) -> DrainDefaults {
        var defaults = options.drainDefaults(everyTCPListenerIsLoopback: Resolution.isLoopbackOnly(listeners))
        defaults.acceptQueue = acceptQueue(listeners, linger: defaults.acceptLinger)
        return defaults
    }

    /// Whether listeners can be closed without losing a client, tried once before they are opened. Unix sockets need
    /// neither linger nor mark.
    private func acceptQueue(_ listeners: [ResolvedAddress], linger: Duration) -> AcceptQueueGuarantee {
        guard listeners.contains(where: { $0.candidates.contains { $0.port != nil } }) else { return .lossless }
        guard ListeningSocket.canRefuseNewClients() else {
            log.warning(
                """
                this kernel cannot refuse new clients before a listener closes (SO_BINDTOIFINDEX, Linux 5.1): \
                clients that connect while a drain begins may be reset
                """, metadata: ["accept_queue": "best_effort"])
            return .bestEffort
        }
        guard linger > .zero else {
            log.warning(
                "with --accept-linger 0s, clients whose handshake is under way when a drain begins may be reset",
                metadata: ["accept_queue": "best_effort"])
            return .bestEffort
        }
        return .lossless
    }
}
