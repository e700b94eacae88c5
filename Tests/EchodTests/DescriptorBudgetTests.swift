import Testing

@testable import echod

/// Shares of the descriptors (contract.md, section 1, "Descriptors").
@Suite struct DescriptorBudgetTests {
    private static func use(
        limit: Int, loops: Int = 2, listeners: Int = 1, adminListeners: Int = 1
    ) -> DescriptorBudget.Use {
        .init(limit: limit, open: 3, loops: loops, listeners: listeners, adminListeners: adminListeners)
    }

    @Test(
        arguments: [64, 128, 256, 1_024, 20_000], [1, 8, 32, 64],
    )
    func sharesNeverExceedTheLimit(limit: Int, loops: Int) {
        for (listeners, adminListeners) in [(1, 0), (1, 1), (60, 2)] {
            let use = Self.use(limit: limit, loops: loops, listeners: listeners, adminListeners: adminListeners)
            guard let budget = try? DescriptorBudget(use) else { continue }
            let fixed = 3 + 2 * (loops + 1) + listeners + max(8, listeners) + 6 * adminListeners
            let shares = (budget.admin.connections + budget.admin.lingering) * adminListeners + budget.refusals
            #expect(fixed + shares + budget.connections < limit)
            #expect(budget.connections >= 1 && budget.refusals >= 4 && budget.admin.connections >= 12)
        }
    }

    @Test func largeLimit_leavesNearlyAllToClients() throws {
        let budget = try DescriptorBudget(Self.use(limit: 20_000))
        #expect(budget.connections > 19_700 && budget.refusals == 64 && !budget.isTight)
        #expect(budget.admin == .init(connections: 128, lingering: 32))
    }

    @Test(arguments: [(64, 8, 1), (128, 64, 1), (128, 1, 60), (20, 1, 1)])
    func limitThatLeavesNoClient_isAnErrorWithItsNumbers(limit: Int, loops: Int, listeners: Int) throws {
        let error = try #require(throws: DescriptorBudget.Shortage.self) {
            try DescriptorBudget(Self.use(limit: limit, loops: loops, listeners: listeners))
        }
        #expect(error.description.contains("limit is \(limit)") && error.description.contains("loops: \(loops),"))
        let words = error.description.split(separator: " ")
        let needed = try #require(words.firstIndex(of: "needs").flatMap { Int(words[$0 + 1].dropLast()) })
        // What it asks for is enough, and one less is not.
        let enough = try DescriptorBudget(Self.use(limit: needed, loops: loops, listeners: listeners))
        #expect(enough.connections == 1 && enough.isTight)
        #expect(throws: DescriptorBudget.Shortage.self) {
            try DescriptorBudget(Self.use(limit: needed - 1, loops: loops, listeners: listeners))
        }
    }

    @Test func maximumConnections_isWhatIsLeft_orLess() throws {
        let budget = try DescriptorBudget(Self.use(limit: 256))
        #expect(try budget.maximumConnections(nil) == budget.connections)
        #expect(try budget.maximumConnections(7) == 7)
        let error = #expect(throws: DescriptorBudget.Shortage.self) {
            try budget.maximumConnections(budget.connections + 1)
        }
        #expect(error?.description.contains("leaves \(budget.connections) for echo clients") == true)
    }
}
