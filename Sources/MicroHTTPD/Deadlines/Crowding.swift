internal import Basics

/// Who makes room for a new connection when a server is crowded, or the share of one address used up, as nginx's idle
/// connections do when it runs out.
///
/// Of all that wait for their client, the one that has waited longest since it was accepted, sent a whole head or was
/// answered: so one whose request is on its way goes after every client that was there before it, and a client that
/// holds a place with a slow head, with silence or with answers left unread goes first. Answers have no order of their
/// own: were they asked last, a crowd of unread ones would have each newcomer leave before its head is here. What waits
/// for the service keeps its place until it is answered.
enum Crowding {
    /// How long a new connection, or a new request, counts as if it had just been served.
    static let grace = Duration.seconds(1)
    /// Where nobody must leave at once, a client is spared for this long after it came, sent a head or got its deferred
    /// answer: in a burst each gets its answer, one after the other.
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

    /// The index of the one to shut down before another connection is let in; nil when there is room for it, or when
    /// no client can make room. `capacity`: how many places may be taken with the new one.
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

    /// The place, held in its first moment.
    static func sparing(_ place: Place, at now: MonotonicTime) -> Place {
        if case .waiting(let since) = place, since > now + grace - firstMoment { return .held }
        return place
    }
}
