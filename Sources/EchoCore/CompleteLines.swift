extension LineUppercaser {
    /// How many of `bytes` belong to complete lines: everything up to and with the last `\n`.
    package static func lengthOfCompleteLines(in bytes: Span<UInt8>) -> Int {
        var end = bytes.count
        while end > 0 && bytes[end - 1] != 0x0a { end -= 1 }
        return end
    }
}
