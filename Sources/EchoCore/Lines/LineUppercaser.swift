/// Mode upper (contract.md, section 2) for one connection: frames what was received into lines, strips white space from
/// both ends of each, upper-cases it, and ends it with one `\n`. Knows nothing of sockets.
///
/// Between calls it holds the unfinished line and nothing else; while there is none it owns no memory. How the bytes
/// are cut into calls never changes the answers. After a failure, or `finish`, it must not be used again.
package struct LineUppercaser: Sendable {
    /// Why the connection must end. Earlier lines were answered; nothing after them was.
    package enum Failure: Hashable, Sendable {
        /// A line is not UTF-8; judged once the whole line has arrived.
        case invalidUTF8
        /// More bytes than the maximum without a `\n`; judged as soon as the maximum is exceeded, before anything else.
        case lineTooLong
    }

    /// The outcome of one call.
    package struct Result: Hashable, Sendable {
        /// Where the bytes to be sent are.
        package enum Answer: Hashable, Sendable {
            case none
            /// In the buffer that was passed in, at these offsets; not empty. Most calls return this, and then nothing
            /// was allocated.
            case inPlace(Range<Int>)
            /// At the end of the array that was passed in, all of them.
            case appended
        }

        package var answer: Answer = .none
        /// Lines answered.
        package var lines = 0
        package var failure: Failure?
        /// After a failure: bytes that were held or passed in and belong to no answered line.
        package var unanswered = 0
    }

    private let maximumLineLength: Int
    /// The unfinished line, its ASCII letters already upper-cased.
    private var held: [UInt8] = []
    private var heldIsASCII = true

    /// - Parameter maximumLineLength: in bytes, without the `\n`; at least 1.
    package init(maximumLineLength: Int) {
        precondition(maximumLineLength > 0)
        self.maximumLineLength = maximumLineLength
    }

    /// Bytes held of an unfinished line, at most the maximum.
    package var partialLineLength: Int { held.count }

    /// Bytes of memory held for the unfinished line: at most twice its length or 32, and never more than the maximum,
    /// apart from the allocator's rounding.
    var heldCapacity: Int { held.capacity }

    /// The length of the first line in `bytes`, including its `\n`; nil if there is no `\n`. For a caller that must not
    /// read past the current line.
    package static func lengthOfFirstLine(in bytes: Span<UInt8>) -> Int? {
        ASCIIBytes.firstNewline(in: bytes, from: 0).map { $0 + 1 }
    }

    /// Answers every line that `bytes` completes, and holds what is left after the last `\n`.
    ///
    /// - Parameters:
    ///   - bytes: just what was received. They are overwritten.
    ///   - output: takes the answers that cannot be made in `bytes`: those from the first line that began in an earlier
    ///     call or holds anything but ASCII. Grows by at most three times the sum of `partialLineLength` and the length
    ///     of `bytes`.
    /// - Returns: where the answers are, and how many lines they answer.
    package mutating func receive(_ bytes: inout MutableSpan<UInt8>, overflow output: inout [UInt8]) -> Result {
        let isASCII = ASCIIBytes.uppercase(&bytes)
        var result = Result()
        var start = 0
        if !held.isEmpty {
            let input = held.count + bytes.count
            guard let newline = ASCIIBytes.firstNewline(in: bytes.span, from: 0) else {
                result.failure = hold(bytes.span, isASCII: isASCII)
                if result.failure != nil { result.unanswered = input }
                return result
            }
            result.failure = hold(bytes.span.extracting(0..<newline), isASCII: isASCII) ?? answerHeld(into: &output)
            guard result.failure == nil else {
                result.unanswered = input
                return result
            }
            result.answer = .appended
            result.lines = 1
            start = newline + 1
        }
        answerLines(of: &bytes, from: start, areASCII: isASCII, overflow: &output, result: &result)
        return result
    }

    /// The peer's end of file: answers the unfinished line, if there is one, as if its `\n` had come.
    package mutating func finish(into output: inout [UInt8]) -> Result {
        var result = Result()
        guard !held.isEmpty else { return result }
        let input = held.count
        result.failure = answerHeld(into: &output)
        if result.failure == nil {
            result.answer = .appended
            result.lines = 1
        } else {
            result.unanswered = input
        }
        return result
    }
}

// MARK: Lines wholly inside one buffer

extension LineUppercaser {
    /// Nothing is held when this begins.
    private mutating func answerLines(
        of bytes: inout MutableSpan<UInt8>, from first: Int, areASCII: Bool, overflow output: inout [UInt8],
        result: inout Result
    ) {
        var answers = AnswersInPlace()
        var start = first
        while let newline = ASCIIBytes.firstNewline(in: bytes.span, from: start) {
            guard newline - start <= maximumLineLength else {
                result.failure = .lineTooLong
                break
            }
            if areASCII || ASCIIBytes.isASCII(bytes.span.extracting(start..<newline)) {
                answers.keepLine(start..<newline, in: &bytes)
            } else {
                // The answers in place come before this line.
                Self.deliver(answers.take(from: &bytes), of: bytes.span, appending: true, to: &output, result: &result)
                guard UnicodeLine.appendAnswer(to: bytes.span.extracting(start..<newline), into: &output) else {
                    result.failure = .invalidUTF8
                    break
                }
                result.answer = .appended
            }
            result.lines += 1
            start = newline + 1
        }
        if result.failure == nil {
            result.failure = hold(bytes.span.extracting(start..<bytes.count), isASCII: areASCII)
        }
        if result.failure != nil { result.unanswered = bytes.count - start }
        let appending = result.answer == .appended
        Self.deliver(answers.take(from: &bytes), of: bytes.span, appending: appending, to: &output, result: &result)
    }

    private static func deliver(
        _ answers: Range<Int>, of bytes: Span<UInt8>, appending: Bool, to output: inout [UInt8], result: inout Result
    ) {
        guard !answers.isEmpty else { return }
        if appending { append(bytes.extracting(answers), to: &output) }
        result.answer = appending ? .appended : .inPlace(answers)
    }

    /// The only place that uses a pointer: an array can append a span's elements only one by one.
    private static func append(_ bytes: Span<UInt8>, to array: inout [UInt8]) {
        bytes.withUnsafeBufferPointer { array.append(contentsOf: $0) }
    }
}

// MARK: The line that began in an earlier call

extension LineUppercaser {
    /// Adds to the unfinished line. `isASCII` may be false for bytes that are ASCII.
    private mutating func hold(_ bytes: Span<UInt8>, isASCII: Bool) -> Failure? {
        guard !bytes.isEmpty else { return nil }
        let length = held.count + bytes.count
        guard length <= maximumLineLength else {
            held = []
            return .lineTooLong
        }
        if length > held.capacity {
            held.reserveCapacity(min(max(length, held.capacity * 2, Self.smallestCapacity), maximumLineLength))
        }
        Self.append(bytes, to: &held)
        heldIsASCII = heldIsASCII && (isASCII || ASCIIBytes.isASCII(bytes))
        return nil
    }

    /// Answers the held line as a complete one, and frees its memory.
    private mutating func answerHeld(into output: inout [UInt8]) -> Failure? {
        let line = held
        let isASCII = heldIsASCII
        held = []
        heldIsASCII = true
        if isASCII {
            Self.append(line.span.extracting(ASCIIBytes.stripped(0..<line.count, of: line.span)), to: &output)
            output.append(ASCIIBytes.newline)
            return nil
        }
        return UnicodeLine.appendAnswer(to: line.span, into: &output) ? nil : .invalidUTF8
    }

    /// In bytes. Below this, the allocator's own overhead would be the larger part.
    private static var smallestCapacity: Int { 32 }
}

extension LineUppercaser {
    /// How many of `bytes` belong to complete lines: everything up to and including the last `\n`.
    package static func lengthOfCompleteLines(in bytes: Span<UInt8>) -> Int {
        var end = bytes.count
        while end > 0 && bytes[end - 1] != 0x0a { end -= 1 }
        return end
    }
}
