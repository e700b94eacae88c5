internal import Basics
package import EchoCore
internal import EventLoops
internal import Threads
package import Wire

/// Only the loops know which of them has a connection.
extension Server {
    package func connections(
        _ query: ConnectionQuery, _ completion: @escaping @Sendable (ConnectionPage.Maker?) -> Void
    ) {
        shards.gather(on: control, { $0.candidates(query, $1) }) { [shards, configuration] parts in
            guard parts.count == shards.count else { return completion(nil) }
            let now = MonotonicTime.now.nanoseconds
            completion { query.page(of: parts, mode: configuration.mode, now: now) }
        }
    }

    package func connection(id: UInt64, _ completion: @escaping @Sendable (ConnectionLookup) -> Void) {
        lookUp({ $0.registry.find(id) }, completion)
    }

    /// If a loop does not answer in time, its connection is still closed as soon as the loop turns again.
    package func closeConnection(
        id: UInt64, mode: ConnectionCloseMode, _ completion: @escaping @Sendable (ConnectionLookup) -> Void
    ) {
        lookUp({ $0.close(id, mode) }, completion)
    }

    private func lookUp(
        _ find: @escaping @Sendable (Shard) -> ConnectionRow?,
        _ completion: @escaping @Sendable (ConnectionLookup) -> Void
    ) {
        shards.gather(on: control, { shard, done in done(find(shard)) }) { [shards, configuration] parts in
            if let row = parts.lazy.compactMap({ $0 }).first {
                completion(.found(row.info(mode: configuration.mode, now: MonotonicTime.now.nanoseconds)))
            } else {
                completion(parts.count == shards.count ? .notFound : .noAnswer)
            }
        }
    }
}
