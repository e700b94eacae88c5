/// Closes the gaps between the answers to a buffer's lines, where the lines were received. Bytes that need not move are
/// not touched: adjacent answers are gathered into a run, and a run is moved when it ends, if anything before it was
/// dropped.
struct AnswersInPlace {
    private var start = 0
    private var end = 0
    private var run = 0..<0

    /// Keeps the answer to a line of ASCII, whose `\n` is at the end of `line`, after all lines kept before.
    @inline(__always)
    mutating func keepLine(_ line: Range<Int>, in bytes: inout MutableSpan<UInt8>) {
        let text = ASCIIBytes.stripped(line, of: bytes.span)
        if text.upperBound == line.upperBound {
            keep(text.lowerBound..<line.upperBound + 1, in: &bytes)
        } else {
            keep(text, in: &bytes)
            keep(line.upperBound..<line.upperBound + 1, in: &bytes)
        }
    }

    @inline(__always)
    private mutating func keep(_ range: Range<Int>, in bytes: inout MutableSpan<UInt8>) {
        if range.lowerBound == run.upperBound {
            run = run.lowerBound..<range.upperBound
        } else if !range.isEmpty {
            endRun(in: &bytes)
            run = range
        }
    }

    /// The place of everything kept since the last call, in order, without gaps.
    mutating func take(from bytes: inout MutableSpan<UInt8>) -> Range<Int> {
        endRun(in: &bytes)
        defer {
            start = 0
            end = 0
            run = 0..<0
        }
        return start..<end
    }

    /// Rarely called for a buffer without white space to strip, so it is kept out of the loop over the lines.
    @inline(never)
    private mutating func endRun(in bytes: inout MutableSpan<UInt8>) {
        if start == end {
            start = run.lowerBound
            end = run.upperBound
            return
        }
        if end < run.lowerBound { ASCIIBytes.moveBack(run, to: end, in: &bytes) }
        end += run.count
    }
}
