package import EchoCore
internal import FoundationEssentials

/// An answer's JSON is not what this version of echod knows.
package struct ReadingError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}

extension ServiceStatus {
    /// Reads the status object of interface.md, section 5.
    package init(json: [UInt8]) throws(ReadingError) {
        self = try decode(StatusObject.self, from: json, what: "a status").status
    }
}

/// Reads JSON whose keys are those of the contract.
func decode<Object: Decodable>(
    _ type: Object.Type, from json: [UInt8], what: String
) throws(ReadingError) -> Object {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
        return try decoder.decode(type, from: Data(json))
    } catch {
        throw ReadingError(description: "its answer is not \(what) as this version of echod knows it")
    }
}

/// A raw value of one of ours; what this version does not know is an error of decoding.
struct Name<Value: RawRepresentable<String>>: Decodable {
    let value: Value

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = Value(rawValue: text) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "unknown"))
        }
        self.value = value
    }
}

/// A number of milliseconds that fits a count of nanoseconds, as echod has it for every time. That is 292 years; what
/// is longer comes from no echod, and is an error of decoding.
struct Milliseconds: Decodable {
    let duration: Duration

    init(from decoder: any Decoder) throws {
        let number = try decoder.singleValueContainer().decode(Int64.self)
        guard (Int64.min / 1_000_000...Int64.max / 1_000_000).contains(number) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "too long"))
        }
        duration = .milliseconds(number)
    }
}

private struct StatusObject: Decodable {
    let admin, listen: [String]
    let bytes: Bytes
    let connections: Connections
    let drain: DrainObject?
    let exitCode: Int?
    let inStateMs, uptimeMs: Milliseconds
    let lines: UInt64
    let pid: Int
    let state: Name<ServiceState>
    let version: String

    struct Bytes: Decodable {
        let received, sent, unacked, unread: UInt64
    }

    struct Connections: Decodable {
        let accepted: UInt64
        let active: Int
        let closed: [String: UInt64]
    }

    var status: ServiceStatus {
        ServiceStatus(
            admin: admin, listen: listen,
            bytes: .init(received: bytes.received, sent: bytes.sent, unacked: bytes.unacked, unread: bytes.unread),
            connections: .init(
                accepted: connections.accepted, active: connections.active, closed: known(connections.closed)),
            drain: drain?.drain, exitCode: exitCode, inState: inStateMs.duration, lines: lines, pid: pid,
            state: state.value, uptime: uptimeMs.duration, version: version)
    }
}

private struct DrainObject: Decodable {
    let abandonedByPeer, atMark, closed, fromBacklog, incomplete, lateDiscarded, lostReceived, lostSent: UInt64
    let acceptQueue: Name<AcceptQueueGuarantee>
    let blockedOn: [String: Int]
    let deadlineInMs: Milliseconds?
    let delayMs, elapsedMs, timeoutMs: Milliseconds
    let id, waiters: Int
    let intent: Name<DrainIntent>
    let mode: Name<DrainMode>
    let result: Name<DrainResult>?
    let trigger: Trigger

    struct Trigger: Decodable {
        let value: DrainTrigger

        init(from decoder: any Decoder) throws {
            let text = try decoder.singleValueContainer().decode(String.self)
            let all = [.api, .prestop] + TerminationSignal.allCases.map(DrainTrigger.signal)
            guard let value = all.first(where: { $0.description == text }) else {
                throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "unknown"))
            }
            self.value = value
        }
    }

    var drain: ServiceStatus.Drain {
        ServiceStatus.Drain(
            id: id, intent: intent.value, mode: mode.value, trigger: trigger.value, delay: delayMs.duration,
            timeout: timeoutMs.duration, elapsed: elapsedMs.duration, deadlineIn: deadlineInMs?.duration,
            result: result?.value,
            acceptQueue: acceptQueue.value, atMark: atMark, closed: closed, fromBacklog: fromBacklog,
            blockedOn: known(blockedOn), lateDiscarded: lateDiscarded, lostReceived: lostReceived, lostSent: lostSent,
            incomplete: incomplete, abandonedByPeer: abandonedByPeer, waiters: waiters)
    }
}

/// The counts by names of ours. A later version may count more; that is no reason not to show the rest.
private func known<Key: RawRepresentable<String> & Hashable, Count>(_ counts: [String: Count]) -> [Key: Count] {
    let pairs = counts.compactMap { name, count in Key(rawValue: name).map { ($0, count) } }
    return Dictionary(uniqueKeysWithValues: pairs)
}
