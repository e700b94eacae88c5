internal import EchoCore
internal import MicroHTTPD

/// `GET /prestop`: a drain for a Kubernetes `httpGet` preStop hook, which can neither POST nor run a program.
///
/// The answer comes at the end, because the kubelet waits for the hook and then sends TERM; so the intent is to hold.
struct PrestopRoutes: Sendable {
    let drains: DrainRoutes

    var routes: [Route] {
        [
            Route(
                method: .get, template: "/prestop", isMutatingGet: true, parameters: DrainRoutes.parameters,
                summary: "a preStop hook: POST /drain?wait; needs the header \(Self.header): 1",
                operation: .prestop(header: Self.header), handler: prestop)
        ]
    }

    private static let header = "X-Echod-Drain"

    private func prestop(_ request: RoutedRequest) throws(Problem) -> HTTPReply {
        // A browser sends it for no image, link or form: without it, a page could drain with a plain GET.
        guard request.request.values(of: Self.header.lowercased()) == ["1"] else {
            throw .forbidden(
                "A GET that drains needs the header \(Self.header): 1, as a preStop hook gives it in httpHeaders. "
                    + "Send it, or use POST /drain?wait.")
        }
        return try drains.drain(
            request.arguments, intent: .hold, trigger: .prestop, until: .drained, alwaysWaits: true)
    }
}
