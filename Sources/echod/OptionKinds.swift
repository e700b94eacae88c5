import EchoCore

// The kinds of values that options take. Each says in words what it allows; the words end an error message.
extension OptionReader.Kind where Value: CaseIterable & RawRepresentable<String> {
    /// One of the raw values of an enum.
    static var choice: Self {
        let allowed = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return Self(allowed: allowed) { (text) throws(Unacceptable) in
            guard let choice = Value(rawValue: text) else {
                throw Unacceptable(problem: text.isEmpty ? "the value is empty" : "there is no such value")
            }
            return choice
        }
    }
}

extension OptionReader.Kind where Value == Int {
    /// A whole number of the range, which `remark` explains.
    static func number(_ range: ClosedRange<Int>, _ remark: String = "") -> Self {
        .init(allowed: "\(range.lowerBound) to \(range.upperBound)\(remark)") { (text) throws(Unacceptable) in
            guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw Unacceptable(problem: "this is not a whole number")
            }
            // What does not fit into an Int is out of any range, too.
            guard let number = Int(text), range.contains(number) else {
                throw Unacceptable(problem: "the number is out of range")
            }
            return number
        }
    }
}

extension OptionReader.Kind where Value == Duration {
    /// A duration with its unit. 24 h bounds every one of them, so that sums of nanoseconds cannot overflow.
    static func duration(from least: Duration = .zero) -> Self {
        let most = Duration.seconds(24 * 60 * 60)
        let allowed = "\(DurationFormat.print(least)) to 24h, such as 500ms, 20s, 2m or 1h"
        return .init(allowed: allowed) { (text) throws(Unacceptable) in
            let duration: Duration
            do {
                duration = try DurationFormat.parse(text)
            } catch {
                throw Unacceptable(problem: "\(error)")
            }
            if duration < least { throw Unacceptable(problem: "the duration is too short") }
            if duration > most { throw Unacceptable(problem: "the duration is too long") }
            return duration
        }
    }
}

extension OptionReader.Kind where Value == Duration? {
    /// A duration, or `off` (nil).
    static func durationOrOff(from least: Duration) -> Self {
        let duration = OptionReader.Kind<Duration>.duration(from: least)
        return .init(allowed: "\(duration.allowed), or off") { (text) throws(Unacceptable) in
            if text == "off" { return nil }
            if text == "0" || (try? DurationFormat.parse(text)) == .zero {
                throw Unacceptable(problem: "a limit of nothing would end everything, write off for none")
            }
            return try duration.parse(text)
        }
    }
}

extension OptionReader.Kind where Value == ListenAddress {
    static var address: Self {
        .init(allowed: ListenAddress.forms, parse: parseAddress)
    }

    fileprivate static func parseAddress(_ text: String) throws(Unacceptable) -> ListenAddress {
        do {
            return try ListenAddress(parsing: text)
        } catch {
            throw Unacceptable(problem: "\(error)")
        }
    }
}

extension OptionReader.Kind where Value == ListenAddress? {
    /// An address, or `none` (nil).
    static var addressOrNone: Self {
        .init(allowed: "\(ListenAddress.forms), or none") { (text) throws(Unacceptable) in
            text == "none" ? nil : try OptionReader.Kind<ListenAddress>.parseAddress(text)
        }
    }
}

extension OptionReader.Kind where Value == String {
    /// The name of a host without a port, as it stands in the `Host` of a request.
    static var hostName: Self {
        .init(allowed: "a host name without a port, such as echo.example.org") { (text) throws(Unacceptable) in
            guard !text.isEmpty else { throw Unacceptable(problem: "the name is empty") }
            guard text.utf8.count <= 253 else { throw Unacceptable(problem: "the name is longer than 253 bytes") }
            guard !text.contains(":") else { throw Unacceptable(problem: "a port or a URL is not part of the name") }
            guard text.utf8.allSatisfy(isHostNameByte) else {
                throw Unacceptable(problem: "a name has letters, digits, dots, hyphens and underscores only")
            }
            return text
        }
    }

    /// A file by its path; whether it can be opened is seen when it is.
    static var file: Self {
        .init(allowed: "the path of a file") { (text) throws(Unacceptable) in
            guard !text.isEmpty else { throw Unacceptable(problem: "the path is empty") }
            guard text.utf8.last != UInt8(ascii: "/") else { throw Unacceptable(problem: "this is a directory") }
            return text
        }
    }

    /// The peers to show, as written: the admin plane, which asks the same `PeerFilter`, brings them into form.
    static var peer: Self {
        let allowed = "an address with or without port (10.0.0.9, 10.0.0.9:51234, [::1]:51234) or unix"
        return .init(allowed: allowed) { (text) throws(Unacceptable) in
            guard PeerFilter.canonical(text) != nil else { throw Unacceptable(problem: "this is not an address") }
            return text
        }
    }

    private static func isHostNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}

extension OptionReader.Kind where Value == Bool {
    /// Environment and configuration file spell a switch out: on the command line its presence says it.
    static var toggle: Self {
        .init(allowed: "true or false (also 1, 0, yes, no, on, off)") { (text) throws(Unacceptable) in
            switch text.lowercased() {
            case "true", "1", "yes", "on": return true
            case "false", "0", "no", "off": return false
            default: throw Unacceptable(problem: "this is neither true nor false")
            }
        }
    }
}
