internal import CDashboard
internal import EchoCore
internal import MicroHTTPD
internal import Wire

/// The files of the dashboard, compiled into the binary.
struct DashboardAssets: Sendable {
    static let embedded = DashboardAssets()

    /// What is before and after the state in the page.
    private let page: [Substring]
    private let files: [String: HTTPResponse]

    private init() {
        var contents = Self.contents()
        let text = String(decoding: contents.removeValue(forKey: Self.pageName) ?? [], as: UTF8.self)
        page = text.split(separator: "{{state}}", omittingEmptySubsequences: false)
        files = Dictionary(
            uniqueKeysWithValues: contents.map { name, bytes in
                (name, HTTPResponse.asset(contentType: Self.contentType(of: name), bytes))
            })
    }

    /// The page. A browser without JavaScript shows `state`; otherwise the page's script fetches everything that it
    /// shows.
    func page(showing state: ServiceState) -> String { page.joined(separator: state.rawValue) }

    /// The answer with one file, by its name below `/ui/`.
    subscript(name: String) -> HTTPResponse? { files[name] }

    var names: [String] { files.keys.sorted() }

    private static let pageName = "page.html"

    private static func contentType(of name: String) -> String {
        if name.hasSuffix(".js") { return "text/javascript; charset=utf-8" }
        return name.hasSuffix(".css") ? "text/css; charset=utf-8" : "image/svg+xml"
    }

    /// The one place in this target where a pointer is read: the bytes are constants of the binary, and the size is the
    /// compiler's own count of them.
    private static func contents() -> [String: [UInt8]] {
        let files = (0..<dashboard_file_count()).map { dashboard_file_at($0) }
        return Dictionary(
            uniqueKeysWithValues: files.map { file in
                (String(cString: file.name), Array(UnsafeBufferPointer(start: file.bytes, count: file.size)))
            })
    }
}
