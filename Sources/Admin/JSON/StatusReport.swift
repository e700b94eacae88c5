package import Wire

/// The status object as the file of `--report` holds it: the words of `GET /status`, on one line.
package enum StatusReport {
    /// How much a kubelet keeps of a termination message, and a pipe takes in one piece (PIPE_BUF).
    package static let longest = 4096

    /// At most `longest` bytes, the newline included. Only the lists of addresses can make it longer: then as many of
    /// each as fit are kept, and the last entry tells how many are left out.
    package static func line(_ status: ServiceStatus) -> [UInt8] {
        let whole = encode(status)
        if whole.count <= longest { return whole }
        var tooMany = max(status.listen.count, status.admin.count)
        var fitting = 0
        var line = encode(status, keeping: 0)
        while tooMany - fitting > 1 {
            let middle = fitting + (tooMany - fitting) / 2
            let candidate = encode(status, keeping: middle)
            if candidate.count <= longest {
                fitting = middle
                line = candidate
            } else {
                tooMany = middle
            }
        }
        return line
    }

    private static func encode(_ status: ServiceStatus, keeping count: Int) -> [UInt8] {
        var status = status
        status.listen = shortened(status.listen, to: count)
        status.admin = shortened(status.admin, to: count)
        return encode(status)
    }

    private static func shortened(_ addresses: [String], to count: Int) -> [String] {
        guard addresses.count > count else { return addresses }
        return addresses.prefix(count) + ["... \(addresses.count - count) more"]
    }

    /// JSON can hold every value of echod; if one day it cannot, an empty object is still JSON.
    private static func encode(_ status: ServiceStatus) -> [UInt8] {
        JSONText.encode(status) ?? Array("{}\n".utf8)
    }
}
