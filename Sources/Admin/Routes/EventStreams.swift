internal import EchoCore
internal import MicroHTTPD
internal import Threads
internal import Wire

/// The clients of `GET /events`, over all admin addresses, and the one observation of the service that they share: an
/// event is written once, and sent to all.
///
/// Thread-safe. Events are told, and clients are greeted, on one of the service's threads, so a client's second event
/// is never older than its first, and no change falls between the two.
final class EventStreams: Sendable {
    static let limit = 16

    /// The right to one of the streams, from before the answer begins until its last byte has left or never will.
    final class Place: Sendable {
        /// Weak, because the streams keep the places of their clients.
        private weak let streams: EventStreams?

        fileprivate init(of streams: EventStreams) {
            self.streams = streams
        }

        deinit { streams?.state.withLock { $0.places -= 1 } }
    }

    private struct Client: Sendable {
        let stream: ResponseStream
        let place: Place
    }

    private struct State: Sendable {
        var places = 0
        var clients: [UInt64: Client] = [:]
        var last: UInt64 = 0
        /// Set while there is a client.
        var observation: ServiceObservation?
        /// `done` was sent. A client that comes later starts a new observation, and so gets `done`, too.
        var isOver = false
    }

    private let service: any ServiceControl
    private let state = Lock(State())

    init(service: any ServiceControl) {
        self.service = service
    }

    /// nil when all places are taken.
    func takePlace() -> Place? {
        let isFree = state.withLock { state in
            guard state.places < Self.limit else { return false }
            state.places += 1
            return true
        }
        return isFree ? Place(of: self) : nil
    }

    /// Greets a client with the state and tells it every event from then on.
    func add(_ stream: ResponseStream, _ place: Place) {
        service.sampleStatus { [self] status in
            guard stream.send(Self.text(.state, status)) else { return }
            let (number, mustObserve) = state.withLock { state in
                state.last += 1
                state.clients[state.last] = Client(stream: stream, place: place)
                return (state.last, state.observation == nil || state.isOver)
            }
            stream.onEnd { [weak self] in self?.remove(number) }
            if mustObserve { observe() }
        }
    }

    private func observe() {
        let observation = service.observe { [weak self] in self?.tell($0, $1) }
        // The observation that is released ends outside the lock.
        _ = state.withLock { state -> ServiceObservation? in
            guard !state.clients.isEmpty else { return observation }
            defer { state.observation = observation }
            return state.observation
        }
    }

    private func tell(_ event: ServiceEvent, _ status: ServiceStatus) {
        let text = Self.text(event, status)
        let streams = state.withLock { state in
            state.isOver = state.isOver || event == .done
            return state.clients.values.map(\.stream)
        }
        for stream in streams {
            stream.send(text)
            if event == .done { stream.finish() }
        }
    }

    private func remove(_ number: UInt64) {
        _ = state.withLock { state -> (Client?, ServiceObservation?) in
            let client = state.clients.removeValue(forKey: number)
            guard state.clients.isEmpty else { return (client, nil) }
            defer { state.observation = nil }
            return (client, state.observation)
        }
    }

    /// As in the HTML standard, "Server-sent events". The only line end in the JSON is its last one.
    private static func text(_ event: ServiceEvent, _ status: ServiceStatus) -> [UInt8] {
        let document = JSONText.encode(status) ?? Array("{}\n".utf8)
        return Array("event: \(event.rawValue)\ndata: ".utf8) + document + [UInt8(ascii: "\n")]
    }
}
