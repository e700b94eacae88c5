internal import MicroHTTPD
internal import Synchronization

/// How often each endpoint gave each answer, counted on any thread. Every series that can ever be is made at the start:
/// a lookup and an atomic addition count an answer, nothing locks, and no client can make the table grow.
///
/// Not counted is what the HTTP library refuses on its own, before our code sees a request: an overlong request line or
/// head, a version of HTTP that is none.
final class MetricsRequestCounts: Sendable {
    /// The path of requests that no endpoint has, or that are refused before their path is looked at.
    static let otherPath = "other"

    struct Series: Hashable, Sendable {
        /// A route's template, or `other`.
        var path: String
        /// Of HTTP.
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

    /// The same reply, which is counted when it is given. `path`: the route's template; nil for a request that none
    /// has, or that was refused before it was looked for.
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

    /// What parameters and guards may answer in the name of every route.
    private static let refusedReads = [400]
    private static let refusedMutations = [400, 401, 403]
    /// What a request without a route may be answered: by the router, or in its name before it.
    private static let refusals = Set(HTTPRejection.allCases.map(\.status) + [403, 404, 405]).sorted()
    /// What a route may answer beyond what it says: shown once it has.
    private static let otherStatuses = [200, 202, 401, 409, 500, 503, 504]
}
