import Testing

@testable import EchoCore

@Suite("An idle connection owns no line memory, a busy one a bounded amount")
struct LineUppercaserMemoryTests {
    /// What the allocator may add to a request, and the standard library then counts as capacity.
    private static let rounding = 32

    @Test func heldCapacity_neverPassesTheMaximum() {
        for (maximum, step) in [(1000, 1), (1000, 7), (65536, 4096), (65536, 1460), (65536, 65536), (100, 33)] {
            var uppercaser = LineUppercaser(maximumLineLength: maximum)
            var fed = Fed()
            var left = maximum
            while left > 0 {
                fed.add([UInt8](repeating: 0x61, count: min(step, left)), to: &uppercaser)
                left -= min(step, left)
                #expect(uppercaser.heldCapacity <= maximum + Self.rounding)
                #expect(uppercaser.heldCapacity <= max(2 * uppercaser.partialLineLength, 32) + Self.rounding)
            }
            #expect(uppercaser.partialLineLength == maximum)
            fed.add([0x0A], to: &uppercaser)
            #expect(fed.output == [UInt8](repeating: 0x41, count: maximum) + [0x0A])
        }
    }

    @Test func growing_copiesTheLineAFewTimesOnly() {
        var uppercaser = LineUppercaser(maximumLineLength: 65536)
        var fed = Fed()
        var capacities: Set<Int> = []
        for _ in 0..<16384 {
            fed.add([0x61, 0x62, 0x63, 0x64], to: &uppercaser)
            capacities.insert(uppercaser.heldCapacity)
        }
        #expect(capacities.count <= 12)
    }

    @Test func completedLine_releasesItsMemory() {
        for ending in ["\n", "é\n", "\nnext\n"] {
            var uppercaser = LineUppercaser(maximumLineLength: 1000)
            var fed = Fed()
            fed.add([UInt8](repeating: 0x61, count: 500), to: &uppercaser)
            #expect(uppercaser.heldCapacity >= 500)
            fed.add(Array(ending.utf8), to: &uppercaser)
            #expect(uppercaser.heldCapacity == 0)
        }
    }

    @Test func endOfFileAndFailure_releaseTheMemory() {
        for last: [UInt8] in [[], [0xFF, 0x0A], [UInt8](repeating: 0x61, count: 900)] {
            var uppercaser = LineUppercaser(maximumLineLength: 1000)
            var fed = Fed()
            fed.add([UInt8](repeating: 0x61, count: 500), to: &uppercaser)
            if last.isEmpty { fed.finish(&uppercaser) } else { fed.add(last, to: &uppercaser) }
            #expect(uppercaser.heldCapacity == 0)
        }
    }

    @Test func wholeLines_ownNoMemory() {
        var uppercaser = LineUppercaser(maximumLineLength: 1000)
        var fed = Fed()
        fed.add(Array("one\r\ntwo\n".utf8), to: &uppercaser)
        fed.add(Array("größe\n".utf8), to: &uppercaser)
        #expect(uppercaser.heldCapacity == 0)
    }

    @Test func answer_isAtMostThreeTimesTheInput() {
        for code: UInt32 in 0x80...0x1FFFF {
            guard let scalar = Unicode.Scalar(code) else { continue }
            let upper = scalar.properties.uppercaseMapping.utf8.count
            if upper > 3 * UTF8.width(scalar) { Issue.record("U+\(String(code, radix: 16)) grows to \(upper) bytes") }
        }
    }
}
