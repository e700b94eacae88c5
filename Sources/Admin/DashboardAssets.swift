internal import CDashboard
internal import MicroHTTPD

/// The files of the dashboard, compiled into the binary.
struct DashboardAssets: Sendable {
    /// What the page itself is made of; it is not served as it stands.
    let page: HTMLTemplate
    private let files: [String: HTTPResponse]

    init() {
        var contents = Self.embedded()
        page = HTMLTemplate(String(decoding: contents.removeValue(forKey: Self.pageName) ?? [], as: UTF8.self))
        files = Dictionary(
            uniqueKeysWithValues: contents.map { name, bytes in
                (name, HTTPResponse.asset(contentType: Self.contentType(of: name), bytes))
            })
    }

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
    private static func embedded() -> [String: [UInt8]] {
        let files = (0..<dashboard_file_count()).map { dashboard_file_at($0) }
        return Dictionary(
            uniqueKeysWithValues: files.map { file in
                (String(cString: file.name), Array(UnsafeBufferPointer(start: file.bytes, count: file.size)))
            })
    }
}
