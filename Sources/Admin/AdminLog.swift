internal import EchoCore
internal import Logging
internal import MicroHTTPD

/// What the admin plane says, one method a line.
extension Logger {
    /// Told before it is done, so that the line stands before those of its consequences, and also where they say
    /// nothing (a nearer deadline) or change what is logged. Whom the guards turn away is only counted: anybody could
    /// fill the log with that.
    func changeAskedFor(_ request: HTTPRequest) {
        notice("change asked for", metadata: metadata(of: request))
    }

    /// Follows the line above where the route then refused it. `status`: of the answer.
    func changeRefused(_ request: HTTPRequest, status: Int) {
        var metadata = metadata(of: request)
        metadata["status"] = "\(status)"
        notice("change refused", metadata: metadata)
    }

    private func metadata(of request: HTTPRequest) -> Logger.Metadata {
        let target = request.path + (request.query.map { "?\($0)" } ?? "")
        return [
            "by": "\(request.peer.name)", "request": "\(request.method.rawValue) \(PrintableText.escape(target))",
        ]
    }
}

extension HTTPPeer {
    fileprivate var name: String {
        switch self {
        case .network(let address, _): address
        case .unix(let userID): "uid:\(userID)"
        }
    }
}
