/// The buffer that all connections of a loop read into. Loop's thread only.
///
/// An unsafe pointer and not an array: recv(2) fills it, and it is handed out without copies or uniqueness checks.
package final class ScratchBuffer {
    private let bytes: UnsafeMutableBufferPointer<UInt8>

    package init(capacity: Int) {
        bytes = .allocate(capacity: capacity)
        bytes.initialize(repeating: 0)
    }

    deinit {
        bytes.deallocate()
    }

    package var capacity: Int { bytes.count }

    /// The first `count` bytes, to look at and to change.
    @inline(__always)
    package func withBytes<Result>(_ count: Int, _ body: (inout MutableSpan<UInt8>) -> Result) -> Result {
        var span = bytes.extracting(0..<count).mutableSpan
        return body(&span)
    }

    /// A copy.
    package subscript(range: Range<Int>) -> [UInt8] { Array(bytes[range]) }

    func extracting(_ range: Range<Int>) -> UnsafeMutableBufferPointer<UInt8> { bytes.extracting(range) }
}
