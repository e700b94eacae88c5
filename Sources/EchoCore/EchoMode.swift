/// How bytes are answered (interface.md, section 2).
package enum EchoMode: String, Hashable, Sendable, CaseIterable {
    /// Each line stripped and upper-cased.
    case upper
    /// Byte for byte (RFC 862).
    case verbatim
}
