package import Basics
package import CLinux
package import Glibc
internal import Threads

/// The system calls that sockets, listeners and loops make: everything that passes between the data plane and the
/// kernel once a socket is open. Each behaves as its manual page says, including the result and `errno`.
package protocol KernelCalls {
    func recv(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32) -> Int
    func send(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32) -> Int
    func accept4(
        _ descriptor: Int32, _ address: UnsafeMutablePointer<sockaddr>?, _ length: UnsafeMutablePointer<socklen_t>?,
        _ flags: Int32
    ) -> Int32
    func shutdown(_ descriptor: Int32, _ how: Int32) -> Int32
    /// ioctl(2) with a request that reads one int.
    func ioctl(_ descriptor: Int32, _ request: UInt, _ value: UnsafeMutablePointer<Int32>) -> Int32
    func poll(_ entry: UnsafeMutablePointer<pollfd>, _ timeout: Int32) -> Int32
    func close(_ descriptor: Int32) -> Int32
    func epoll_ctl(
        _ epoll: Int32, _ operation: Int32, _ descriptor: Int32, _ event: UnsafeMutablePointer<epoll_event>
    ) -> Int32
    func epoll_wait(
        _ epoll: Int32, _ events: UnsafeMutablePointer<epoll_event>?, _ count: Int32, _ timeout: Int32
    ) -> Int32
    /// `CLOCK_MONOTONIC`.
    func now() -> MonotonicTime
}

extension KernelCalls {
    @inline(__always)
    package func recv(
        _ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32
    ) -> Int { Glibc.recv(descriptor, buffer, count, flags) }

    @inline(__always)
    package func send(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32) -> Int {
        Glibc.send(descriptor, bytes, count, flags)
    }

    @inline(__always)
    package func accept4(
        _ descriptor: Int32, _ address: UnsafeMutablePointer<sockaddr>?, _ length: UnsafeMutablePointer<socklen_t>?,
        _ flags: Int32
    ) -> Int32 { CLinux.accept4(descriptor, address, length, flags) }

    @inline(__always)
    package func shutdown(_ descriptor: Int32, _ how: Int32) -> Int32 { Glibc.shutdown(descriptor, how) }

    @inline(__always)
    package func ioctl(_ descriptor: Int32, _ request: UInt, _ value: UnsafeMutablePointer<Int32>) -> Int32 {
        clinux_ioctl_int(descriptor, request, value)
    }

    @inline(__always)
    package func poll(_ entry: UnsafeMutablePointer<pollfd>, _ timeout: Int32) -> Int32 {
        Glibc.poll(entry, 1, timeout)
    }

    @inline(__always)
    package func close(_ descriptor: Int32) -> Int32 { Glibc.close(descriptor) }

    @inline(__always)
    package func epoll_ctl(
        _ epoll: Int32, _ operation: Int32, _ descriptor: Int32, _ event: UnsafeMutablePointer<epoll_event>
    ) -> Int32 { CLinux.epoll_ctl(epoll, operation, descriptor, event) }

    @inline(__always)
    package func epoll_wait(
        _ epoll: Int32, _ events: UnsafeMutablePointer<epoll_event>?, _ count: Int32, _ timeout: Int32
    ) -> Int32 { CLinux.epoll_wait(epoll, events, count, timeout) }

    @inline(__always)
    package func now() -> MonotonicTime { .now }
}

/// The kernel itself.
struct Kernel: KernelCalls {
    #if DEBUG
        /// What the calling thread talks to.
        static var calls: any KernelCalls { KernelStandIn.ofThisThread ?? Kernel() }
    #else
        @inline(__always)
        static var calls: Kernel { Kernel() }
    #endif
}

#if DEBUG
    /// What a test puts in the kernel's place, for one thread. Release builds do not have it: they call glibc directly.
    package enum KernelStandIn {
        private final class Box {
            let calls: any KernelCalls

            init(_ calls: any KernelCalls) { self.calls = calls }
        }

        private static let key: pthread_key_t = {
            var key = pthread_key_t()
            let code = pthread_key_create(&key) { if let box = $0 { Unmanaged<Box>.fromOpaque(box).release() } }
            precondition(code == 0)
            return key
        }()

        /// nil: the kernel.
        package static var ofThisThread: (any KernelCalls)? {
            get { pthread_getspecific(key).map { Unmanaged<Box>.fromOpaque($0).takeUnretainedValue().calls } }
            set {
                if let old = pthread_getspecific(key) { Unmanaged<Box>.fromOpaque(old).release() }
                pthread_setspecific(key, newValue.map { Unmanaged.passRetained(Box($0)).toOpaque() })
            }
        }
    }
#endif
