/// The commit that the program was built from.
package enum Revision {
    /// Such as `abc1234`, or `abc1234-dirty` where sources were changed after it; empty where that is not known.
    ///
    /// A function's body and not a constant: it does not get into what other modules are compiled against, so that
    /// after a commit this module alone is compiled again.
    package static var text: String { writtenRevision() }
}
