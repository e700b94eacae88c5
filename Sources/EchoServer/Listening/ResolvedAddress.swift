package import EventLoops

/// One `--listen`, resolved.
package struct ResolvedAddress: Hashable, Sendable {
    /// As the user wrote it, for messages.
    package var name: String
    /// At least one must be bound; with port 0 the others take the port of the first.
    package var candidates: [SocketAddress]
    /// The second candidate replaces the first (`:PORT` without IPv6) instead of joining it.
    package var isAlternative: Bool

    package init(name: String, candidates: [SocketAddress], isAlternative: Bool = false) {
        self.name = name
        self.candidates = candidates
        self.isAlternative = isAlternative
    }

    /// How many sockets this address may take.
    package var socketCount: Int { isAlternative ? 1 : candidates.count }
}

extension ResolvedAddress {
    /// Binds each candidate with `bind`, which returns what it made and the address as bound. A name may resolve to an
    /// address that this host lacks, so one that can be bound is enough; an address that is in use is always an error.
    /// `option`: the command-line option that named the address.
    package func bindAll<Bound>(
        option: String, _ bind: (SocketAddress) throws(SystemCallError) -> (Bound, address: SocketAddress)
    ) throws(ListenError) -> [Bound] {
        var bound: [Bound] = []
        var port: UInt16?
        var failure: SystemCallError?
        for candidate in candidates {
            if isAlternative && !bound.isEmpty { break }
            let address = candidate.port == 0 ? candidate.withPort(port ?? 0) : candidate
            do throws(SystemCallError) {
                let (made, address) = try bind(address)
                bound.append(made)
                port = address.port
            } catch {
                if error.isAddressInUse {
                    throw ListenError(address: address.description, option: option, cause: error)
                }
                failure = error
            }
        }
        if bound.isEmpty, let failure { throw ListenError(address: name, option: option, cause: failure) }
        return bound
    }
}

/// A listener could not be opened.
package struct ListenError: Error, Sendable, CustomStringConvertible {
    package let address: String
    /// The command-line option that chooses another address; nil in an undrain, where none can be chosen.
    package let option: String?
    package let cause: SystemCallError

    /// What is wrong, and what to do about it.
    package var description: String {
        guard cause.isAddressInUse else { return "cannot listen on \(address): \(cause)" }
        let choice = option.map { ", or choose another address with \($0)" } ?? ""
        return "\(address) is already in use; stop the program that listens there\(choice)"
    }
}
