import EchoServer
import Glibc
import MicroHTTPD

/// Who gets how many of the process's descriptors (contract.md, section 1, "Descriptors").
///
/// Computed once, before loops and listeners are opened. Every user counts its own descriptors and keeps to its share,
/// so that none meets EMFILE, where accepting pauses.
struct DescriptorBudget: Equatable {
    /// What the process has besides its clients.
    struct Use: Equatable {
        /// The descriptor limit in force.
        var limit: Int
        /// Open before anything else: standard streams, the report, what the parent left open.
        var open: Int
        /// Event loops that serve connections.
        var loops: Int
        /// Sockets that listen for echo clients.
        var listeners: Int
        /// Sockets that listen for the admin API.
        var adminListeners: Int
    }

    /// The share of one admin address.
    struct AdminShare: Equatable {
        var connections: Int
        /// Connections kept after their last answer, until their client has read it.
        var lingering: Int
    }

    /// A limit that leaves no descriptor for a client. For a person.
    struct Shortage: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    /// An event loop is an epoll instance and an eventfd.
    private static let perLoop = 2
    /// Signals, and what is open for a moment only: token and configuration files, /proc, the start's trial listener.
    private static let spare = 9

    private static let adminShares = 16...160
    private static let refusalShares = 4...64
    /// Fewer clients than this are worth a warning.
    private static let fewConnections = 64

    let use: Use
    /// Echo clients that can be served.
    let connections: Int
    /// Clients past the limit that can be refused politely at a time.
    let refusals: Int
    let admin: AdminShare

    /// Throws if not one client could be served.
    init(_ use: Use) throws(Shortage) {
        self.use = use
        let free = use.limit - Self.ownUse(use)
        let share = min(max(free / 16, Self.adminShares.lowerBound), Self.adminShares.upperBound)
        refusals = min(max(free / 32, Self.refusalShares.lowerBound), Self.refusalShares.upperBound)
        admin = AdminShare(connections: share - share / 5, lingering: share / 5)
        connections = free - share * use.adminListeners - refusals
        guard connections >= 1 else {
            let needed = use.limit - connections + 1
            throw Shortage(
                description: "\(Self.limits(use)), and echod needs \(needed): \(Self.ownUse(use)) for itself "
                    + "(\(Self.words(use))), \(share * use.adminListeners) for the admin API, \(refusals) for refusing "
                    + "clients, and one for a client. Raise the limit, or lower --loops.")
        }
    }

    /// What `--max-connections` comes to: nil means as many as there are descriptors for.
    func maximumConnections(_ given: Int?) throws(Shortage) -> Int {
        guard let given, given > connections else { return given ?? connections }
        throw Shortage(
            description: "--max-connections \(given) is more than there are descriptors for: \(Self.limits(use)), "
                + "which leaves \(connections) for echo clients. Raise the limit, or lower --max-connections.")
    }

    /// Whether the operator should know how few clients there can be.
    var isTight: Bool { connections < Self.fewConnections }

    private static func ownUse(_ use: Use) -> Int {
        use.open + perLoop * (use.loops + 1) + use.listeners
            + ServerConfiguration.retiringListeners(beside: use.listeners)
            + HTTPServerConfiguration.ownDescriptors * use.adminListeners + spare
    }

    private static func limits(_ use: Use) -> String { "the descriptor limit is \(use.limit) (ulimit -Hn)" }

    private static func words(_ use: Use) -> String {
        "loops: \(use.loops), listeners: \(use.listeners), admin addresses: \(use.adminListeners)"
    }

    /// Descriptors of this process that are open now. Asks for each number: /proc may not be mounted.
    static func countOpen(limit: Int) -> Int {
        (0..<Int32(min(limit, 4_096))).count { fcntl($0, F_GETFD) >= 0 }
    }
}
