import MicroHTTPD
import Revision

/// What the product calls itself.
package enum Product {
    /// As the status object and `GET /` show it.
    package static let version = "0.1.0"

    /// The commit it was built from, such as `abc1234`, or `abc1234-dirty` where sources were changed after it; nil
    /// when it was not built in its own git repository.
    package static var revision: String? {
        let revision = Revision.text
        return revision.isEmpty ? nil : revision
    }

    /// What `--version` shows: `echod 0.1.0 (abc1234)`, and on a second line the library that answers HTTP here, which
    /// belongs to the system and is updated without us.
    package static var description: String {
        "echod \(version)\(revision.map { " (\($0))" } ?? "")\nlibmicrohttpd \(LibraryVersion.text)"
    }
}
