internal import MicroHTTPD
internal import Synchronization

/// How often each endpoint gave each answer, counted on any thread. Every possible series is made at the start:
/// counting an answer is a lookup and an atomic addition, nothing locks, and no client can make the table grow.
///
/// Requests that the HTTP library refuses on its own, before our code sees them, are not counted: an overlong request
/// line or head, an invalid HTTP version.
final class MetricsRequestCounts: Sendable {
    /// The path of requests whose path no endpoint has, or that are refused before their path is looked at.
    static let otherPath = "other"

    struct Series: Hashable, Sendable {
        /// A route's template, or `other`.
        var path: String
        /// The HTTP status.
        var status: Int
    }

    private final class Count: Sendable {
        let labels: MetricFamily.Labels
        /// Shown even before a client has got such an answer.
        let isExpected: Bool
        let value = Atomic<UInt64>(0)

        init(of series: Series, isExpected: Bool) {
            labels = ["path": series.path, "code": "\(series.status)"]
            self.isExpected = isExpected
        }
    }

    /// In the order in which they are shown.
    private let counts: [Count]
    private let countOf: [Series: Count]

    init(routes: [Route]) {
        var expected = Set(Self.refusals.map { Series(path: Self.otherPath, status: $0) })
        for route in routes {
            for status in route.endpoint.operation.answers.map(\.status)
                + (route.isMutation ? Self.refusedMutations : Self.refusedReads)
            {
                expected.insert(Series(path: route.template.text, status: status))
            }
        }
        let paths = Set(routes.map(\.template.text)).sorted() + [Self.otherPath]
        let statuses = Set(Self.refusals + Self.otherStatuses + expected.map(\.status)).sorted()
        let series = paths.flatMap { path in statuses.map { Series(path: path, status: $0) } }
        counts = series.map { Count(of: $0, isExpected: expected.contains($0)) }
        countOf = Dictionary(uniqueKeysWithValues: zip(series, counts))
    }

    /// The same reply, counted when it is given. `path`: the route's template; nil for a request that has no route, or
    /// that was refused before its route was looked up.
    func counting(_ reply: HTTPReply, of path: String?) -> HTTPReply {
        reply.whenAnswered { self.count($0.status, of: path) }
    }

    func count(_ status: Int, of path: String?) {
        let series = Series(path: path ?? Self.otherPath, status: status)
        guard let count = countOf[series] else { return assertionFailure("status \(status) is in no list") }
        count.value.add(1, ordering: .relaxed)
    }

    /// The series that are expected, and those that have counted something.
    var current: [MetricFamily.Sample] {
        counts.compactMap { count in
            let value = count.value.load(ordering: .relaxed)
            guard value > 0 || count.isExpected else { return nil }
            return MetricFamily.Sample(labels: count.labels, value: .integer(value))
        }
    }

    /// What parameters and guards may answer on behalf of every route.
    private static let refusedReads = [400]
    private static let refusedMutations = [400, 401, 403]
    /// What the answer to a request without a route may be, from the router or, before it, on its behalf.
    private static let refusals = Set(HTTPRejection.allCases.map(\.status) + [403, 404, 405]).sorted()
    /// What a route may answer beyond what it documents; shown once that has occurred.
    private static let otherStatuses = [200, 202, 204, 401, 409, 500, 503, 504]
}
