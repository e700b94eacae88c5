internal import Basics

/// Chooses the connection that makes room for a new one when a server is crowded or one address has used up its share,
/// as nginx's idle connections do when nginx runs out of connections.
///
/// Of all connections that wait for their client, the one that has waited longest since it was accepted, sent a whole
/// head or was answered has to leave. So a client whose request is on its way leaves after every client that was there
/// before it, and a client that holds a place with a slow head, with silence or with unread answers leaves first.
/// Unread answers have no order of their own: if they left last, a crowd of them would make each newcomer leave before
/// its head arrives. A connection that waits for the service keeps its place until it is answered.
enum Crowding {
    /// How long a new connection, or a new request, counts as if it had just been served.
    static let grace = Duration.seconds(1)
    /// When no connection must leave at once, a client is spared for this long after it connected, sent a head or got
    /// its deferred answer. In a burst, each client then gets its answer, one after the other.
    static let firstMoment = Duration.milliseconds(100)

    /// Whose places were used up.
    enum Extent { case address, server }

    enum Place {
        /// Shut down already; the library is about to close it.
        case leaving
        /// Taken for as long as the service or the library wants it.
        case held
        /// Nothing happens before the client sends or reads.
        case waiting(since: MonotonicTime)
    }

    /// The index of the connection to shut down before another one is let in; nil if there is room, or if no client can
    /// make room. `capacity`: how many places may be taken, including the new one's.
    static func leaver(of places: [Place], capacity: Int) -> Int? {
        var taken = 0
        var longest: (index: Int, since: MonotonicTime)?
        for (index, place) in places.enumerated() {
            switch place {
            case .leaving: continue
            case .held: break
            case .waiting(let since): if since < longest?.since ?? .distantFuture { longest = (index, since) }
            }
            taken += 1
        }
        return taken < capacity ? nil : longest?.index
    }

    /// The place; it counts as held in its first moment.
    static func sparing(_ place: Place, at now: MonotonicTime) -> Place {
        if case .waiting(let since) = place, since > now + grace - firstMoment { return .held }
        return place
    }
}
