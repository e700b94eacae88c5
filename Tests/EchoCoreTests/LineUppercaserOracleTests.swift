import EchoCore
import Foundation
import TestSupport
import Testing

/// Compares with CPython, byte for byte, over every code point that it knows. `ECHOD_TEST_SEED` repeats a run.
@Suite("Answers are Python's")
struct LineUppercaserOracleTests {
    @Test func everyCodePoint_inRandomLinesAndChunks_isAnsweredAsByPython() throws {
        let oracle = try Oracle.shared.get()
        let stream = try oracle.read("all.in")
        let expected = try oracle.lines("all.out")
        for largest in [65536, 300] {
            let answers = split(feed(chunks(of: stream, largest: largest, seed: oracle.seed), maximum: 65536).output)
            let used = try oracle.compare(answers, with: expected)
            #expect(used == oracle.excused, "seed \(oracle.seed)")
        }
    }

    @Test func everyLetterAndSpace_cutAtEveryByte_isAnsweredAsByPython() throws {
        let oracle = try Oracle.shared.get()
        var answers: [ArraySlice<UInt8>] = []
        for line in try oracle.lines("cased.in") {
            let whole = feed([Array(line) + [0x0A]], ends: false)
            for position in 0...line.count {
                let same = feed(cut(Array(line) + [0x0A], at: position), ends: false).isSame(as: whole)
                #expect(same, "seed \(oracle.seed): \(Array(line)) cut at \(position)")
            }
            #expect(feed([Array(line)]).output == (line.isEmpty ? [] : whole.output))
            answers.append(whole.output.dropLast())
        }
        _ = try oracle.compare(answers, with: oracle.lines("cased.out"))
    }

    @Test func mixedLines_cutAtEveryByte_areAnsweredAlike() throws {
        let oracle = try Oracle.shared.get()
        for line in try oracle.lines("all.in").prefix(150) {
            let bytes = Array(line) + [0x0A]
            let whole = feed([bytes], ends: false)
            for position in 0..<bytes.count where !feed(cut(bytes, at: position), ends: false).isSame(as: whole) {
                Issue.record("seed \(oracle.seed): \(bytes) cut at \(position)")
            }
        }
    }

    @Test func byteSequences_areValidWhereTheyAreForPython() throws {
        let oracle = try Oracle.shared.get()
        let verdicts = try oracle.read("utf8.out")
        let sequences = try oracle.lines("utf8.in")
        #expect(sequences.count == verdicts.count)
        for (sequence, verdict) in zip(sequences, verdicts) {
            let isValid = feed([Array(sequence) + [0x0A]], ends: false).failure == nil
            if isValid != (verdict == UInt8(ascii: "1")) { Issue.record("seed \(oracle.seed): \(Array(sequence))") }
        }
    }

    private func chunks(of stream: [UInt8], largest: Int, seed: UInt64) -> [[UInt8]] {
        var random = SeededGenerator(seed: seed)
        var chunks: [[UInt8]] = []
        var start = 0
        while start < stream.count {
            let end = min(start + Int.random(in: 1...largest, using: &random), stream.count)
            chunks.append(Array(stream[start..<end]))
            start = end
        }
        return chunks
    }
}

/// Lines without their `\n`.
private func split(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
}

/// What `Tests/Oracle/upper_oracle.py` wrote.
private struct Oracle {
    let seed: UInt64
    private let files: [String: [UInt8]]

    static let python = ["/usr/bin/python3"].first { FileManager.default.isExecutableFile(atPath: $0) } ?? inPath

    /// Python runs once for all tests.
    static let shared = Swift.Result { try Oracle() }

    private static var inPath: String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return path.split(separator: ":").map { "\($0)/python3" }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }

    private init() throws {
        let chosen = ProcessInfo.processInfo.environment["ECHOD_TEST_SEED"].flatMap { UInt64($0) }
        seed = chosen ?? .random(in: 0..<1_000_000)
        let directory = FileManager.default.temporaryDirectory.appending(path: "echod-oracle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Oracle/upper_oracle.py")
        let python = try #require(Self.python, "no python3: make deps installs it")
        let paths = [script, directory].map { $0.path(percentEncoded: false) }
        let status = try Self.run([python] + paths + [String(seed)])
        try #require(status == 0, "upper_oracle.py, seed \(seed)")
        var files: [String: [UInt8]] = [:]
        for url in try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil) {
            files[url.lastPathComponent] = try Array(Data(contentsOf: url))
        }
        self.files = files
        excused = Self.excused(unknown: try #require(files["unknown"]))
    }

    /// The wait status. Not Foundation's `Process`, which leaks: LeakSanitizer would say so here.
    private static func run(_ command: [String]) throws -> Int32 {
        var arguments = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        try #require(posix_spawn(&process, command[0], nil, nil, &arguments, environ) == 0)
        var status: Int32 = -1
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        return status
    }

    func read(_ name: String) throws -> [UInt8] {
        try #require(files[name], "upper_oracle.py wrote no \(name)")
    }

    func lines(_ name: String) throws -> [ArraySlice<UInt8>] {
        split(try read(name))
    }

    /// The contract's exception, exactly: the input code points whose upper-case holds one that Python does not know.
    let excused: Set<Unicode.Scalar>

    private static func excused(unknown: [UInt8]) -> Set<Unicode.Scalar> {
        func isUnknown(_ scalar: Unicode.Scalar) -> Bool { unknown[Int(scalar.value)] == UInt8(ascii: "1") }
        func isExcused(_ scalar: Unicode.Scalar) -> Bool {
            !isUnknown(scalar) && scalar.properties.uppercaseMapping.unicodeScalars.contains(where: isUnknown)
        }
        return Set((UInt32(0x80)...0x1FFFF).lazy.compactMap { Unicode.Scalar($0) }.filter(isExcused))
    }

    /// A line may differ from Python's only by an excused code point's capital where Python left the code point alone.
    /// Returns the excused code points that were met.
    func compare(_ answers: [ArraySlice<UInt8>], with expected: [ArraySlice<UInt8>]) throws -> Set<Unicode.Scalar> {
        try #require(answers.count == expected.count, "seed \(seed)")
        var used: Set<Unicode.Scalar> = []
        for (answer, python) in zip(answers, expected) where answer != python {
            var amended = ""
            for scalar in String(decoding: python, as: UTF8.self).unicodeScalars {
                if excused.contains(scalar) {
                    used.insert(scalar)
                    amended += scalar.properties.uppercaseMapping
                } else {
                    amended.unicodeScalars.append(scalar)
                }
            }
            if !answer.elementsEqual(amended.utf8) {
                Issue.record("seed \(seed): \(String(decoding: answer, as: UTF8.self)), not \(amended)")
            }
        }
        return used
    }
}
