/// What `LineUppercaser` does sixteen bytes at a time. Every load and store is checked against the span's bounds; in
/// measurements, leaving the checks out gains nothing beyond noise. Functions that run once per line are forced inline,
/// which cuts the time per line by a seventh.
enum ASCIIBytes {
    typealias Vector = SIMD16<UInt8>

    static let width = 16
    static let newline: UInt8 = 0x0A

    /// Upper-cases the ASCII letters in `bytes` and leaves all other bytes as they are: safe for text that is not
    /// ASCII, and safe to repeat. Returns whether all of it is ASCII.
    static func uppercase(_ bytes: inout MutableSpan<UInt8>) -> Bool {
        var raw = bytes.mutableBytes
        let count = raw.byteCount
        var seen = Vector(repeating: 0)
        var offset = 0
        while count &- offset >= 2 &* width {
            let vector = raw.unsafeLoadUnaligned(fromByteOffset: offset, as: SIMD32<UInt8>.self)
            seen = seen | vector.lowHalf | vector.highHalf
            raw.storeBytes(
                of: SIMD32(lowHalf: uppercased(vector.lowHalf), highHalf: uppercased(vector.highHalf)),
                toByteOffset: offset, as: SIMD32<UInt8>.self)
            offset &+= 2 &* width
        }
        if offset <= count &- width {
            let vector = raw.unsafeLoadUnaligned(fromByteOffset: offset, as: Vector.self)
            seen = seen | vector
            raw.storeBytes(of: uppercased(vector), toByteOffset: offset, as: Vector.self)
            offset &+= width
        }
        var others: UInt8 = 0
        if offset < count, count >= width {
            // Some bytes are upper-cased twice; that is cheaper than going byte by byte.
            let vector = raw.unsafeLoadUnaligned(fromByteOffset: count &- width, as: Vector.self)
            seen = seen | vector
            raw.storeBytes(of: uppercased(vector), toByteOffset: count &- width, as: Vector.self)
        } else {
            while offset < count {
                let byte = raw.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
                others |= byte
                raw.storeBytes(of: uppercased(byte), toByteOffset: offset, as: UInt8.self)
                offset &+= 1
            }
        }
        return others < 0x80 && isASCII(seen)
    }

    static func isASCII(_ bytes: Span<UInt8>) -> Bool {
        let raw = bytes.bytes
        var seen = Vector(repeating: 0)
        var offset = 0
        while offset &+ width <= raw.byteCount {
            seen = seen | raw.unsafeLoadUnaligned(fromByteOffset: offset, as: Vector.self)
            offset &+= width
        }
        var others: UInt8 = 0
        while offset < raw.byteCount {
            others |= raw.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            offset &+= 1
        }
        return others < 0x80 && isASCII(seen)
    }

    /// Where the first `\n` at or after `start` is; nil if there is none.
    @inline(__always)
    static func firstNewline(in bytes: Span<UInt8>, from start: Int) -> Int? {
        let raw = bytes.bytes
        let count = raw.byteCount
        var offset = start
        while count &- offset >= width {
            let vector = raw.unsafeLoadUnaligned(fromByteOffset: offset, as: Vector.self)
            let hits = unsafeBitCast(vector .== Vector(repeating: newline), to: SIMD2<UInt64>.self)
            if hits[0] | hits[1] != 0 {
                return offset &+ (hits[0] != 0 ? firstHit(hits[0]) : 8 &+ firstHit(hits[1]))
            }
            offset &+= width
        }
        while offset < count {
            if raw.unsafeLoad(fromByteOffset: offset, as: UInt8.self) == newline { return offset }
            offset &+= 1
        }
        return nil
    }

    /// Moves the bytes of `source` to `destination`, which is before them and may overlap them.
    static func moveBack(_ source: Range<Int>, to destination: Int, in bytes: inout MutableSpan<UInt8>) {
        var raw = bytes.mutableBytes
        let end = destination &+ source.count
        if source.count >= width {
            // The last vector is read before anything is written over it.
            let last = raw.unsafeLoadUnaligned(fromByteOffset: source.upperBound &- width, as: Vector.self)
            var offset = 0
            while offset &+ width < source.count {
                let vector = raw.unsafeLoadUnaligned(fromByteOffset: source.lowerBound &+ offset, as: Vector.self)
                raw.storeBytes(of: vector, toByteOffset: destination &+ offset, as: Vector.self)
                offset &+= width
            }
            raw.storeBytes(of: last, toByteOffset: end &- width, as: Vector.self)
        } else if source.count >= 8 {
            let first = raw.unsafeLoadUnaligned(fromByteOffset: source.lowerBound, as: UInt64.self)
            let last = raw.unsafeLoadUnaligned(fromByteOffset: source.upperBound &- 8, as: UInt64.self)
            raw.storeBytes(of: first, toByteOffset: destination, as: UInt64.self)
            raw.storeBytes(of: last, toByteOffset: end &- 8, as: UInt64.self)
        } else {
            for offset in 0..<source.count {
                let byte = raw.unsafeLoad(fromByteOffset: source.lowerBound &+ offset, as: UInt8.self)
                raw.storeBytes(of: byte, toByteOffset: destination &+ offset, as: UInt8.self)
            }
        }
    }

    /// `line`, which must be ASCII, without the white space at its ends.
    @inline(__always)
    static func stripped(_ line: Range<Int>, of bytes: Span<UInt8>) -> Range<Int> {
        var start = line.lowerBound
        var end = line.upperBound
        while start < end, isWhitespace(bytes[start]) { start &+= 1 }
        while start < end, isWhitespace(bytes[end &- 1]) { end &-= 1 }
        return start..<end
    }

    /// `UnicodeLine.isWhitespace` for a byte below 0x80.
    static func isWhitespace(_ byte: UInt8) -> Bool {
        byte <= 0x20 && (byte >= 0x1C || (byte >= 0x09 && byte <= 0x0D))
    }

    @inline(__always)
    private static func uppercased(_ vector: Vector) -> Vector {
        let letters = (vector &- Vector(repeating: 0x61)) .< Vector(repeating: 26)
        return vector.replacing(with: vector ^ Vector(repeating: 0x20), where: letters)
    }

    private static func uppercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x61 < 26 ? byte ^ 0x20 : byte
    }

    private static func isASCII(_ seen: Vector) -> Bool {
        let halves = unsafeBitCast(seen, to: SIMD2<UInt64>.self)
        return (halves[0] | halves[1]) & 0x8080_8080_8080_8080 == 0
    }

    /// A vector's elements are in memory in order, so on a little-endian machine the first one is lowest.
    private static func firstHit(_ half: UInt64) -> Int {
        half.littleEndian.trailingZeroBitCount &>> 3
    }
}
