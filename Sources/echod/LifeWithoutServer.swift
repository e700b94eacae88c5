import EchoCore
import EventLoops
import Glibc

/// The process as its status shows it while there is no server to ask: before its start, and when that failed.
struct LifeWithoutServer: Sendable {
    private let startedAt = EventLoop.monotonicNow()

    func status(_ state: ServiceState) -> ServiceStatus {
        let age = Duration.nanoseconds(EventLoop.monotonicNow() - startedAt)
        return ServiceStatus(
            admin: [], listen: [], inState: state == .starting ? age : .zero, pid: Int(getpid()), state: state,
            uptime: age, version: Product.version)
    }
}
