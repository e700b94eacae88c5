import Glibc

/// Standard output and error, unbuffered: for texts of commands, not for logs.
enum StandardStream: Int32 {
    case output = 1
    case error = 2

    /// Writes all of it; what nobody can take (a closed pipe) is dropped.
    func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(rawValue, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Opens those of 0, 1 and 2 that we were started without: the next descriptor, a client's or the report's, would
    /// be taken for standard error and get the log.
    static func occupyClosedOnes() {
        var number = open("/dev/null", O_RDWR)
        while (0...2).contains(number) { number = open("/dev/null", O_RDWR) }
        if number > 2 { close(number) }
    }
}
