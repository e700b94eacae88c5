import EchoCore

/// The result of feeding a connection's bytes to a `LineUppercaser`.
struct Fed: Equatable {
    var output: [UInt8] = []
    var lines = 0
    var failure: LineUppercaser.Failure?
    /// What each call's answer was.
    var answers: [LineUppercaser.Result.Answer] = []

    var text: String { String(decoding: output, as: UTF8.self) }

    /// Whether the peer and the counters see the same.
    func isSame(as other: Fed) -> Bool {
        output == other.output && lines == other.lines && failure == other.failure
    }
}

/// Feeds the chunks one by one, and the end of file unless there was a failure or `ends` is false.
func feed(_ chunks: [[UInt8]], maximum: Int = 1000, ends: Bool = true) -> Fed {
    var uppercaser = LineUppercaser(maximumLineLength: maximum)
    var fed = Fed()
    for chunk in chunks {
        fed.add(chunk, to: &uppercaser)
        if fed.failure != nil { return fed }
    }
    if ends { fed.finish(&uppercaser) }
    return fed
}

func feed(_ text: String, maximum: Int = 1000, ends: Bool = true) -> Fed {
    feed([Array(text.utf8)], maximum: maximum, ends: ends)
}

/// Cuts `bytes` in two at `position`.
func cut(_ bytes: [UInt8], at position: Int) -> [[UInt8]] {
    [Array(bytes[..<position]), Array(bytes[position...])]
}

extension Fed {
    mutating func add(_ chunk: [UInt8], to uppercaser: inout LineUppercaser) {
        var buffer = chunk
        var overflow: [UInt8] = []
        var span = buffer.mutableSpan
        let result = uppercaser.receive(&span, overflow: &overflow)
        add(result, buffer: buffer, overflow: overflow)
    }

    mutating func finish(_ uppercaser: inout LineUppercaser) {
        var overflow: [UInt8] = []
        let result = uppercaser.finish(into: &overflow)
        add(result, buffer: [], overflow: overflow)
    }

    private mutating func add(_ result: LineUppercaser.Result, buffer: [UInt8], overflow: [UInt8]) {
        switch result.answer {
        case .none: break
        case .inPlace(let range): output += buffer[range]
        case .appended: output += overflow
        }
        lines += result.lines
        failure = result.failure
        answers.append(result.answer)
    }
}
