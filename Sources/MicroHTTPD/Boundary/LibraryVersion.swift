internal import CMicroHTTPD

/// What differs between the versions of the library that one build may meet; docs/decisions/0007 lists it.
package enum LibraryVersion {
    /// The version of the library that this process runs with, such as `0.9.75`, whichever version it was built with.
    package static var text: String { MHD_get_version().map { String(cString: $0) } ?? "unknown" }

    /// 0.9: its parsers answer twice, or never, where they find a bad Content-Length or too many cookies or parameters,
    /// and hide NULs and folded lines. 1.0 refuses these itself.
    static let isLegacy = MHD_get_version()?.pointee == CChar(UInt8(ascii: "0"))

    /// Put before the client's own headers, so that the old library finds these and never parses the client's: we
    /// refuse bad ones ourselves, with one answer. The library takes each request for one without a body, which is the
    /// only kind that we accept.
    static let decoys = [DecoyHeader("Content-Length", "0"), DecoyHeader("Cookie", "-")]
}

/// A header that the library is told the client sent. It keeps the pointers, which identify the header later.
///
/// `@unchecked Sendable`: the memory is never written to and never freed.
struct DecoyHeader: @unchecked Sendable {
    let name: UnsafePointer<CChar>
    let value: UnsafePointer<CChar>

    fileprivate init(_ name: String, _ value: String) {
        self.name = Self.text(name)
        self.value = Self.text(value)
    }

    private static func text(_ text: String) -> UnsafePointer<CChar> {
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: text.utf8.count + 1)
        for (index, byte) in text.utf8.enumerated() { (copy + index).initialize(to: CChar(byte)) }
        (copy + text.utf8.count).initialize(to: 0)
        return UnsafePointer(copy)
    }
}
