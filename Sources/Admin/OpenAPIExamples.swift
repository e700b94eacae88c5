internal import EchoCore

/// Examples, made by what makes the answers: so they cannot have another form.
enum OpenAPIExamples {
    static let status = JSONValue(
        encoding: StatusDocument(
            ServiceStatus(
                admin: ["127.0.0.1:8889"], listen: ["127.0.0.1:8888"],
                bytes: ServiceStatus.Bytes(received: 4096, sent: 4096),
                connections: ServiceStatus.Connections(accepted: 9, active: 1, closed: [.peerClosed: 8]), lines: 64,
                pid: 4711, state: .serving, uptime: .seconds(60), version: "0.1.0")))

    static let connection = JSONValue(parsing: ConnectionDocument.one(row))

    static let page = JSONValue(
        parsing: ConnectionDocument.page(ConnectionPage(connections: [row], next: nil, total: 1)))

    static let history = JSONValue(
        parsing: HistoryDocument.write([
            ServiceSample(uptime: .seconds(59), active: 1, lines: 60, received: 3840, sent: 3840),
            ServiceSample(uptime: .seconds(60), active: 1, lines: 64, received: 4096, sent: 4096),
        ]))

    private static let row = ConnectionInfo(
        id: 9, peer: "10.0.0.9:51234", local: "10.0.0.5:8888", mode: .upper,
        openedAtUnixNanoseconds: 1_795_262_400_000_000_000, age: .seconds(9), idle: .milliseconds(80), state: .open,
        lines: 64, received: 4096, sent: 4096, partialLine: 3)
}
