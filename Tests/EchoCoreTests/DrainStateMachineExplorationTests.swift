import EchoCore
import Testing
import Wire

/// Breadth first through every order of events in the model `World`, each state once.
///
/// Each event is checked by `WorldStep`. Explored (every run prints its figures; 11 s in a debug build on two cores):
/// - `wide`: 90,241 states, 272,893 transitions, to depth 7
/// - `deep`: 155,230 states, 334,390 transitions, all there are (the longest way has 22 events)
/// - `hurried`: 73,148 states, 148,863 transitions, all there are (15 events)
@Suite("DrainStateMachine: exploration")
struct DrainStateMachineExplorationTests {
    /// Every request in every early order.
    static let wide = World.Scope(name: "wide", requests: World.allRequests, limits: World.Limits(), depth: 7)

    /// Few kinds of requests, to the process's end.
    static let deep = World.Scope(
        name: "deep",
        requests: [
            DrainRequest(intent: .hold, mode: .wait, delay: .seconds(5)),
            DrainRequest(intent: .exit, mode: .close, delay: .zero, timeout: .seconds(3)),
        ],
        limits: World.Limits(requests: 2, signals: 1, undrains: 1, waits: 0), depth: 40)

    /// Signals that come again and again, half a second apart or not, to the process's end.
    static let hurried = World.Scope(
        name: "hurried", requests: [DrainRequest(intent: .hold, delay: .seconds(5))],
        limits: World.Limits(requests: 1, signals: 2, undrains: 0, waits: 1), depth: 40)

    @Test(arguments: [wide, deep, hurried])
    func everyOrderOfEvents_keepsTheRules(scope: World.Scope) {
        var exploration = Exploration(scope)
        exploration.run()
        print(exploration.summary)
        #expect(exploration.failure == nil)
        #expect(exploration.reached == Set(ServiceState.allCases))
    }
}

struct Exploration {
    /// A world and how it was reached: the place of the previous world, and the event.
    private struct Visit {
        var world: World
        var parent: Int
        var event: World.Event?
    }

    let scope: World.Scope
    private var visits: [Visit]
    private var seen: Set<World>
    /// Machines that were found to be able to end.
    private var ending: Set<DrainStateMachine> = []
    private var transitions = 0
    private var depth = 0
    private(set) var reached: Set<ServiceState> = []
    private(set) var failure: String?

    var summary: String {
        "\(scope.name): \(seen.count) states, \(transitions) transitions, \(ending.count) machines, depth \(depth)"
    }

    init(_ scope: World.Scope) {
        self.scope = scope
        let world = World(scope)
        visits = [Visit(world: world, parent: 0, event: nil)]
        seen = [world]
    }

    mutating func run() {
        var level = visits.indices
        while !level.isEmpty, depth < scope.depth, failure == nil {
            for place in level where failure == nil { expand(place) }
            level = level.endIndex..<visits.endIndex
            depth += 1
        }
    }

    private mutating func expand(_ place: Int) {
        let world = visits[place].world
        for event in world.events(scope) {
            transitions += 1
            var step = WorldStep(before: world, event: event)
            step.take()
            reached.insert(step.after.machine.state)
            if ending.insert(step.after.machine).inserted { step.checkThatItCanEnd() }
            guard step.violations.isEmpty else {
                failure = "\(step.violations) after \(path(to: place) + [event]): \(step.actions)"
                return
            }
            guard seen.insert(step.after).inserted else { continue }
            visits.append(Visit(world: step.after, parent: place, event: event))
        }
    }

    private func path(to place: Int) -> [World.Event] {
        var events: [World.Event] = []
        var visit = visits[place]
        while let event = visit.event {
            events.insert(event, at: 0)
            visit = visits[visit.parent]
        }
        return events
    }
}
