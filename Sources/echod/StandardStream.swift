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
}
