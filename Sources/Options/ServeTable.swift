package import Basics
internal import EchoCore
package import Logging
package import Logs
package import Wire

/// Every option of `serve`. A new option needs one entry here, and the place that uses its value.
package struct ServeTable: Sendable {
    private static let listeners = [":8888", "unix:"]
    private static let ownTokenFile = "/run/secrets/echod/token"

    // MARK: The echo; used by Service.configuration

    package let listen: Option<[ListenAddress]> = Option(
        "listen", listOf: .address(listeners), standard: [.host("127.0.0.1", port: 8888)],
        help: "Address of the echo service.",
        manual: "May be given more than once. If the address is in use, echod exits with code 1.",
        example: #"["127.0.0.1:8888", "unix:/run/echod/echo"]"#,
        show: { $0.map(\.description) }, combine: { $0 })
    package let admin: Option<[ListenAddress]> = Option(
        "admin", listOf: ServeTable.adminAddress(besides: ["none"]), standard: [.host("127.0.0.1", port: 8889)],
        help: "Address of the admin API, or none.",
        manual: """
            May be given more than once. HTTP probes of a kubelet need `:8889`; `echod probe` works with the default. \
            `none` turns the admin API off and cannot be combined with an address.
            """,
        example: #"":8889""#,
        show: { $0.isEmpty ? ["none"] : $0.map(\.description) },
        combine: { (given) throws(Unacceptable) in
            let addresses = given.compactMap { $0 }
            guard addresses.isEmpty || addresses.count == given.count else {
                throw Unacceptable(problem: "none cannot be combined with an address")
            }
            return addresses
        })
    package let mode = Option(
        "mode", .choice("mode"), standard: EchoMode.upper,
        help: "upper: lines in upper case; verbatim: bytes, RFC 862.",
        manual: """
            `upper` strips white space at both ends of each line, upper-cases the rest and answers it with a newline, \
            as `line.strip().upper()` of Python does. Input that is not UTF-8 ends the connection. `verbatim` sends \
            every byte back as it came.
            """,
        example: #""verbatim""#)
    package let loops: Option<Int>
    package let maxConnections = Option(
        "max-connections", ValueKind<Int>.number(1...1_000_000_000).optional, standard: nil, "computed",
        help: "Refuse clients beyond this number.",
        manual: """
            A refused client gets end of file at once and counts as `refused`; `/readyz` stays 200. The default is what \
            the descriptor limit leaves when event loops, listeners and the admin API have theirs; `GET /config` shows \
            it. More than that is an error at start. The soft descriptor limit is raised to the hard limit.
            """,
        example: "1000")
    package let maxLine = Option(
        "max-line", .number(1...16_777_216, " bytes (16 MiB)"), standard: 65536, valueName: "bytes",
        help: "The longest line in mode upper.",
        manual: "In bytes without the newline; at most 16777216 (16 MiB). A longer line ends the connection.",
        example: "65536")
    package let idleTimeout = Option(
        "idle-timeout", .limit, standard: nil,
        help: "Close a connection after this time without traffic.",
        manual: """
            Traffic is a byte read from the peer, or a byte acknowledged by it. The connection is closed as in a drain \
            of mode close.
            """,
        example: #""10m""#)
    package let writeTimeout = Option(
        "write-timeout", .limit, standard: nil,
        help: "Close if the peer accepts no answer for this long.",
        manual: """
            The time runs while answers wait and the peer takes no byte of them. The answers that are thrown away \
            count as lost.
            """,
        example: #""30s""#)
    package let linger = Option(
        "linger", .duration(), standard: .seconds(2),
        help: "How long to wait for the peer's FIN after ours.",
        manual: """
            The time begins when the peer's kernel has acknowledged all answers. Bytes that the peer sends meanwhile \
            are counted and discarded.
            """,
        example: #""2s""#)

    package let closeTimeout = Option(
        "close-timeout", .duration(from: ServiceLimits.drainTimeout.lowerBound), standard: .seconds(20),
        help: "How long a client being closed may make no progress.",
        manual: """
            For connections that the server closes outside a drain: idle ones, those with a bad line, and those that \
            the admin closes. Progress is a byte of an answer acknowledged, or a byte read that still counts. Without \
            any for this time, or after six such times with some, the connection is cut as `write_stalled`. In a \
            drain its deadline counts instead.
            """,
        example: #""20s""#)

    // MARK: The drain; used by ServeOptions.drainDefaults

    package let acceptLinger = Option(
        "accept-linger", ValueKind<Duration>.duration().optional, standard: nil, "1s; 50ms on loopback",
        help: "How long a drain serves the accept queue.",
        manual: """
            A drain refuses new clients at once; for this time it still accepts and serves the clients that were \
            already connecting. The shorter default is used when every TCP listener is bound to a loopback address. \
            With `0s` the queue is served until it is empty, and a client may be reset. Unix sockets do not need it.
            """,
        example: #""1s""#)
    package let drainMode = Option(
        "drain-mode", .choice("mode"), standard: DrainMode.close,
        help: "How a drain ends connections: close, wait, abort.",
        manual: "See the section about the drain.", example: #""close""#)
    package let drainDelay = Option(
        "drain-delay", .duration(), standard: .zero,
        help: "Time not ready but still accepting, before a drain.",
        manual: """
            During this time `/readyz` says 503, so that load balancers notice. It is part of the timeout and must be \
            smaller.
            """,
        example: #""5s""#)
    package let drainTimeout = Option(
        "drain-timeout", .duration(from: ServiceLimits.drainTimeout.lowerBound), standard: .seconds(20),
        help: "The whole time of a drain, delay included.",
        manual: """
            From 100ms to 24h. Connections that are still open at the end are cut and counted. The process exits at \
            most 2 seconds later. The default is below the 30 seconds of Kubernetes.
            """,
        example: #""25s""#)
    package let drainSpread = Option(
        "drain-spread", .duration(), standard: .zero,
        help: "Spread the closing of connections over this time.",
        manual: """
            Connections are closed evenly over this time, in random order, so that their clients do not all reconnect \
            at once.
            """,
        example: #""10s""#)

    // MARK: The admin API; used by Service.adminConfiguration

    package let adminTokenFile = Option(
        "admin-token-file", .optionalFile, standard: nil,
        help: "File with the bearer token that every change needs.",
        manual: """
            A regular file of 16 to 4096 printable ASCII bytes that others can neither read nor write; one newline at \
            the end is not part of the token. It is read again when it has changed. If the new token cannot be used, \
            the old one stays in force and an error is logged.
            """,
        example: "\"\(ownTokenFile)\"")
    package let adminHost: Option<[String]> = Option(
        "admin-host", listOf: .hostName, standard: [], help: "Accept this Host header in admin requests.",
        manual: """
            May be given more than once. The admin API always answers to IP addresses and `localhost`, and refuses \
            every other `Host`, which stops DNS rebinding. `*.example.org` stands for every name below example.org.
            """,
        example: #"["echo.example.org"]"#, show: { $0 }, combine: { $0 })
    package let adminAllowRemote = Option(
        "admin-allow-remote", .toggle, standard: false,
        help: "Let clients beyond loopback drain and shut down.",
        manual: """
            For an admin API without a token file, behind a proxy that authenticates clients. Without a token file \
            it causes a warning at start.
            """,
        example: "true")

    // MARK: The process; used by Service and LogLevelController

    package let report = Option(
        "report", .optionalFile, standard: nil, help: "Write the status to this file at the end, as JSON.",
        manual: """
            The file is opened at start (exit code 1 if that fails), and truncated and written in place once, at the \
            end, also after a failed start. The status object is one line of at most 4096 bytes, which suits \
            `/dev/termination-log`.
            """,
        example: #""/dev/termination-log""#)
    package let logLevel = Option(
        "log-level", .choice("level"), standard: Logger.Level.info,
        help: "trace, debug, info, notice, warning, error, critical.",
        manual: """
            `PUT /log-level` of the admin API changes it at run time, and so does SIGHUP after a change of the \
            configuration file.
            """,
        example: #""info""#)
    package let logFormat = Option(
        "log-format", .choice("format"), standard: LogFormat.text, help: "text or json, on standard error.",
        manual: "A line has at most 4096 bytes.", example: #""json""#)
    package let config = Option(
        "config", .optionalFile, standard: nil, help: "Read options from this JSON file; comments allowed.",
        manual: "Its format is described in echod.conf(5).")

    /// `host` gives the defaults and limits that depend on the machine.
    package init(_ host: HostLimits) {
        loops = Option(
            "loops", .number(HostLimits.loops), standard: host.defaultLoops, "the number of usable CPUs",
            help: "Event loops, 1 to 256.",
            manual: """
                An event loop is a thread with its own connections. The default respects the CPU affinity and the \
                cgroup's `cpu.max`, rounded up.
                """,
            example: "2")
    }

    /// In the order of the declarations. Reflection finds them, so that there is no second list that could miss one.
    package var all: [any AnyOption] { Mirror(reflecting: self).children.compactMap { $0.value as? any AnyOption } }

    /// An address or `none`; `offers` are what shells offer besides addresses.
    package static func adminAddress(besides offers: [String] = []) -> ValueKind<ListenAddress?> {
        ValueKind<ListenAddress>.address(offers + ["localhost:8889", ":8889", "unix:"]).or("none")
    }
}
