/// A host name, or `*.suffix` for every name with one or more labels before the suffix, and not for the suffix itself.
package struct HostPattern: Sendable {
    private let text: String

    /// `text` in any case; `isValid` says whether it is a pattern.
    package init(_ text: String) {
        self.text = text.lowercased()
    }

    /// A wildcard stands for whole labels in front of at least two: `*.org` would open the door to every site.
    package var isValid: Bool {
        guard let suffix else { return !text.contains("*") }
        let labels = suffix.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2 && labels.allSatisfy { !$0.isEmpty } && !suffix.contains("*")
    }

    /// `name` in lower case, without a port.
    package func matches(_ name: String) -> Bool {
        guard let suffix else { return name == text }
        guard name.hasSuffix("." + suffix) else { return false }
        let front = name.dropLast(suffix.count + 1)
        return front.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
    }

    private var suffix: Substring? { text.hasPrefix("*.") ? text.dropFirst(2) : nil }
}
