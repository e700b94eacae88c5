import Glibc
import TestSupport
import Testing

@testable import EventLoops

/// Descriptors, their events, and the places that handlers take one after the other.
@Suite struct RegistrationTests {
    @Test func readiness_tellsWhatHasHappened() throws {
        let journal = Journal<Readiness>()
        try withLoop { loop in
            let pair = try SocketPair()
            let number = pair.mine.number
            _ = loop.ask {
                let handler = ClosureHandler()
                handler.onReadiness = { journal.add($0) }
                handler.registration = try? loop.register(handler, descriptor: number)
            }
            #expect(eventually { journal.entries.contains { $0.contains(.writable) && !$0.contains(.readable) } })
            #expect(pair.theirs.send([1, 2, 3]) == .bytes(3))
            #expect(eventually { journal.entries.last?.contains(.readable) == true })
            #expect(journal.entries.allSatisfy { !$0.announcesMoreThanBytes })
            _ = pair.theirs.shutdownWriting()
            #expect(eventually { journal.entries.last?.contains(.peerShutdown) == true })
            #expect(journal.entries.last?.announcesMoreThanBytes == true)
        }
    }

    @Test func eventIsEdgeTriggered_comesOnceForTheSameBytes() throws {
        let journal = Journal<Readiness>()
        try withLoop { loop in
            let pair = try SocketPair()
            let number = pair.mine.number
            #expect(pair.theirs.send([1]) == .bytes(1))
            _ = loop.ask {
                let handler = ClosureHandler()
                handler.onReadiness = { journal.add($0) }
                handler.registration = try? loop.register(
                    handler, descriptor: number, interest: [.readable, .edgeTriggered])
            }
            #expect(eventually { journal.entries.count == 1 })
            for _ in 0..<20 { _ = loop.ask {} }
            #expect(journal.entries.count == 1)
        }
    }

    /// Both are ready in one batch; the first deregisters the other, whose event must then be dropped, also
    /// when a new handler has taken its place and its descriptor's number.
    @Test(arguments: [false, true])
    func deregistered_withinABatch_getsNoStaleEvent(placeIsTakenAnew: Bool) throws {
        let journal = Journal<String>()
        try withLoop { loop in
            let pairs = [try SocketPair(), try SocketPair()]
            // One turn that takes long: after it both are ready, and reported in one batch.
            _ = loop.ask {
                let handlers = [ClosureHandler(), ClosureHandler()]
                for (index, handler) in handlers.enumerated() {
                    let other = handlers[1 - index]
                    // The loop holds both; held by each other as well they would outlive it.
                    handler.onReadiness = { [unowned handler, weak other] _ in
                        journal.add("event")
                        guard let other, let place = other.registration, handler.registration != nil else { return }
                        loop.deregister(place)
                        other.registration = nil
                        if placeIsTakenAnew { Self.takePlace(on: loop, journal) }
                    }
                    handler.registration = try? loop.register(
                        handler, descriptor: pairs[index].mine.number, interest: [.readable, .edgeTriggered])
                    _ = pairs[index].theirs.send([1])
                }
            }
            for _ in 0..<20 { _ = loop.ask {} }
            #expect(journal.entries == ["event"])
        }
    }

    /// In the slot that has just become free.
    private static func takePlace(on loop: EventLoop, _ journal: Journal<String>) {
        let handler = ClosureHandler()
        handler.onReadiness = { _ in journal.add("stale") }
        handler.onTimer = { journal.add("stale timer") }
        handler.registration = try? loop.register(handler)
    }

    @Test func callAgain_whenDeregisteredMeanwhile_isDropped() throws {
        let journal = Journal<String>()
        try withLoop { loop in
            _ = loop.ask {
                let handler = ClosureHandler()
                handler.onReadiness = { _ in journal.add("called") }
                guard let place = try? loop.register(handler) else { return }
                loop.callAgain(place)
                loop.deregister(place)
                Self.takePlace(on: loop, journal)
            }
            for _ in 0..<5 { _ = loop.ask {} }
        }
        #expect(journal.entries.isEmpty)
    }

    @Test func place_isUsedAgain_withAnotherRegistration() throws {
        try withLoop { loop in
            let places = loop.ask { () -> [Registration] in
                (0..<3).compactMap { _ in
                    let place = try? loop.register(ClosureHandler())
                    if let place { loop.deregister(place) }
                    return place
                }
            }
            #expect(Set(places ?? []).count == 3)
        }
    }

    @Test func register_whenEpollRefuses_throwsAndKeepsThePlaceFree() throws {
        try withLoop { loop in
            let number = open("/dev/null", O_RDONLY | O_CLOEXEC)
            defer { close(number) }
            let code = loop.ask { () -> Int32 in
                do throws(SystemCallError) {
                    _ = try loop.register(ClosureHandler(), descriptor: number)
                    return 0
                } catch {
                    return error.code
                }
            }
            #expect(code == EPERM)
            let isFree = loop.ask { (try? loop.register(ClosureHandler())) != nil }
            #expect(isFree == true)
        }
    }

    @Test func handler_isHeldUntilItIsDeregistered() throws {
        try withLoop { loop in
            let isGone = loop.ask { () -> [Bool] in
                weak var handler: ClosureHandler?
                var place: Registration?
                do {
                    let strong = ClosureHandler()
                    handler = strong
                    place = try? loop.register(strong)
                }
                let before = handler == nil
                if let place { loop.deregister(place) }
                return [before, handler == nil]
            }
            #expect(isGone == [false, true])
        }
    }
}
