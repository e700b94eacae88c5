internal import Basics
internal import Logging
internal import MicroHTTPD

/// What the admin plane says, one method per line.
extension Logger {
    /// A request that changes something. It is logged before it is carried out, so that its line precedes those of its
    /// consequences, and appears even if they log nothing (an earlier deadline) or change what is logged. A request
    /// that the guards refuse is only counted, because anybody could fill the log with such requests.
    func adminRequest(_ request: HTTPRequest) {
        notice("admin request", metadata: metadata(of: request))
    }

    /// Follows the line above if the route refused the request. `status`: the answer's.
    func adminRequestRefused(_ request: HTTPRequest, status: Int) {
        var metadata = metadata(of: request)
        metadata["status"] = "\(status)"
        notice("admin request refused", metadata: metadata)
    }

    private func metadata(of request: HTTPRequest) -> Logger.Metadata {
        let target = request.path + (request.query.map { "?\($0)" } ?? "")
        return [
            "from": "\(request.peer.name)", "request": "\(request.method.rawValue) \(PrintableText.escape(target))",
        ]
    }
}

extension HTTPPeer {
    fileprivate var name: String {
        switch self {
        case .network(let address): address.description
        case .unix(let userID): "uid:\(userID)"
        }
    }
}
