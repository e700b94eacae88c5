internal import CMicroHTTPD
internal import Glibc

/// Copies the head of a request out of the library's memory.
///
/// The old library cuts lines at a NUL and glues a folded line to the name of its header ("Transfer-Encoding",
/// CR LF, " x" arrives as the header "Transfer-Encodingx"). Neither shows in what it hands out, but both leave bytes of
/// the head that belong to nothing: so each part must begin where the one before it ended.
struct HeadReader {
    private var fields: [RequestHead.Field] = []
    private var isComplete = true
    /// Where the part read last ends.
    private var cursor: UInt

    /// In the library's handler callback only. `target` and `targetEnd` come from the callback for the target.
    static func read(
        _ connection: OpaquePointer, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>, target: [UInt8],
        targetEnd: UInt
    ) -> RequestHead {
        let versionBytes = bytes(of: version)
        let versionStart = UInt(bitPattern: version)
        var reader = HeadReader(cursor: versionStart + UInt(versionBytes.count))
        withUnsafeMutablePointer(to: &reader) {
            _ = MHD_get_connection_values_n(connection, .HEADER_KIND, collectField, $0)
        }
        if LibraryVersion.isLegacy {
            // One byte, the space, lies between target and version, and two line ends before the end.
            reader.isComplete = reader.isComplete && targetEnd + 1 == versionStart
            let end = UInt(bitPattern: method) + UInt(echod_mhd_header_size(connection))
            reader.isComplete = reader.isComplete && reader.cursor < end && (2...4).contains(end - reader.cursor)
        }
        return RequestHead(
            method: String(decoding: bytes(of: method), as: UTF8.self),
            version: String(decoding: versionBytes, as: UTF8.self), target: target, fields: reader.fields,
            isComplete: reader.isComplete)
    }

    private init(cursor: UInt) {
        self.cursor = cursor
    }

    fileprivate mutating func add(name: UnsafeBufferPointer<CChar>, value: UnsafeBufferPointer<CChar>) {
        if LibraryVersion.decoys.contains(where: { $0.value == value.baseAddress }) { return }
        let nameBytes = Self.bytes(of: name)
        let valueBytes = Self.bytes(of: value)
        // White space around a value is not part of it (RFC 9112, 5.1); the old library does not remove it at the end.
        let valueEnd = valueBytes.lastIndex { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }.map { $0 + 1 } ?? 0
        fields.append(
            .init(
                name: String(decoding: nameBytes, as: UTF8.self).lowercased(), value: Array(valueBytes[..<valueEnd])))
        let nameStart = UInt(bitPattern: name.baseAddress)
        // CR LF, or LF alone, as a person types it at a terminal.
        if LibraryVersion.isLegacy, nameStart < cursor || !(1...2).contains(nameStart - cursor) { isComplete = false }
        cursor = UInt(bitPattern: value.baseAddress) + UInt(value.count)
    }

    /// Keeps the old library from parsing the client's headers and parameters, which echod does not need. In the
    /// callback for the target only, where the library is about to cut the target up in its own buffer.
    static func hideFromLibrary(_ connection: OpaquePointer, target: UnsafePointer<CChar>?) {
        guard LibraryVersion.isLegacy else { return }
        for decoy in LibraryVersion.decoys {
            MHD_set_connection_value(connection, .HEADER_KIND, decoy.name, decoy.value)
        }
        guard let target, let mark = strchr(target, CInt(UInt8(ascii: "?"))) else { return }
        // The byte after the question mark exists: it is the end of the text at the latest.
        mark[1] = 0
    }

    static func bytes(of text: UnsafePointer<CChar>) -> [UInt8] {
        var count = 0
        while text[count] != 0 { count += 1 }
        return bytes(of: UnsafeBufferPointer(start: text, count: count))
    }

    private static func bytes(of text: UnsafeBufferPointer<CChar>) -> [UInt8] {
        text.map(UInt8.init(bitPattern:))
    }
}

private func collectField(
    _ context: UnsafeMutableRawPointer?, _ kind: MHD_ValueKind, _ name: UnsafePointer<CChar>?, _ nameSize: Int,
    _ value: UnsafePointer<CChar>?, _ valueSize: Int
) -> MHD_Result {
    context?.assumingMemoryBound(to: HeadReader.self).pointee.add(
        name: UnsafeBufferPointer(start: name, count: name == nil ? 0 : nameSize),
        value: UnsafeBufferPointer(start: value, count: value == nil ? 0 : valueSize))
    return .YES
}
