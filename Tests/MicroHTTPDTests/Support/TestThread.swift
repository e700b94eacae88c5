import Glibc

/// A thread that a test starts and joins.
final class TestThread {
    private final class Body {
        let run: () -> Void

        init(run: @escaping () -> Void) {
            self.run = run
        }
    }

    private var thread = pthread_t()

    init(_ run: @escaping @Sendable () -> Void) {
        let body = Unmanaged.passRetained(Body(run: run))
        let code = pthread_create(&thread, nil, testThreadMain, body.toOpaque())
        precondition(code == 0, "pthread_create: error \(code)")
    }

    func join() {
        pthread_join(thread, nil)
    }

    fileprivate static func run(_ argument: UnsafeMutableRawPointer) {
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
    }
}

private func testThreadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    argument.map(TestThread.run)
    return nil
}
