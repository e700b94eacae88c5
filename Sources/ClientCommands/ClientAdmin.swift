internal import AdminClient
internal import Basics
internal import EchoCore
internal import EventLoops
internal import Options

/// The admin plane a client command talks to, found in the options of `serve`.
struct ClientAdmin: Hashable, Sendable {
    var address: ListenAddress = .host("127.0.0.1", port: 8889)
    /// nil: none.
    var tokenFile: NamedTokenFile?

    struct NamedTokenFile: Hashable, Sendable {
        var path: String
        /// Where the path was given, for a person.
        var origin: String
        var isNamedOnCommandLine: Bool

        func read() throws(OptionError) -> ClientToken {
            do throws(UnusableFile) {
                let bytes = try AdminToken.readForSending(path)
                return ClientToken(bytes: bytes, isNamedOnCommandLine: isNamedOnCommandLine)
            } catch {
                throw OptionError(
                    option: ClientAdmin.tokenFileOption.text.flag, origin: origin, value: path, problem: error.problem,
                    allowed: "a file with the same token as the server's --admin-token-file")
            }
        }
    }

    private static let addressOption = Option(
        "admin", listOf: ServeTable.adminAddress(), standard: [], "127.0.0.1:8889",
        help: "Address of its admin API.", show: { $0.map { $0?.description ?? "none" } }, combine: { $0 })
    fileprivate static let tokenFileOption = Option(
        "admin-token-file", .optionalFile, standard: nil, help: "File with the token that every change needs.")

    /// The options that all client commands share.
    static let options: [any AnyOption] = [addressOption, tokenFileOption]

    /// The first address that is not `none`: from the command line, else from the environment, else the default.
    init(_ sources: OptionSources) throws(OptionError) {
        if let given = sources.given(Self.addressOption.text) { address = try Self.first(given) }
        tokenFile = sources.given(Self.tokenFileOption.text).map {
            NamedTokenFile(
                path: $0.texts.last ?? "", origin: $0.origin, isNamedOnCommandLine: $0.source == .flag)
        }
    }

    private static func first(_ given: Given) throws(OptionError) -> ListenAddress {
        let option = addressOption.text.flag
        for text in given.texts {
            guard let address = try ServeTable.adminAddress().read(option, text, from: given.origin) else { continue }
            guard address.port != 0 else {
                throw OptionError(
                    option: option, origin: given.origin, value: text,
                    problem: "port 0 means any free port; name the port that echod took, which its log tells",
                    allowed: ListenAddress.forms)
            }
            return address
        }
        throw OptionError(
            option: option, origin: given.origin, value: given.texts.joined(separator: ","),
            problem: "this echod has no admin address, so no command can reach it", allowed: ListenAddress.forms)
    }

    // MARK: Talking to it

    /// Names are resolved here, on a thread that signals still end.
    func target() throws(NameResolutionError) -> AdminTarget {
        try AdminTarget.resolve(address)
    }

    /// A request that changes nothing.
    func get(_ path: String, _ parameters: [AdminRequest.Parameter] = []) throws -> AdminAnswer {
        try ClientLoop.send(AdminRequest(.get, path, parameters), to: target()).get()
    }

    /// A request that changes something, and so carries the token.
    func mutation(
        _ method: AdminRequest.Method, _ path: String, _ parameters: [AdminRequest.Parameter] = []
    ) throws(OptionError) -> AdminRequest {
        AdminRequest(method, path, parameters, token: try tokenFile?.read())
    }

    /// What to do about a mutation that was refused because of its token; nil for other answers. It is printed after
    /// the server's own message, which is for clients that write headers.
    func tokenHint(_ request: AdminRequest, _ answer: AdminAnswer) -> String? {
        guard answer.http.status == 401 else { return nil }
        guard let tokenFile, let token = request.token else {
            return "\(answer.peer) needs a token: name its file with --admin-token-file"
        }
        guard token.maySend(to: answer.peer) else {
            return "the token of \(Self.tokenFileOption.text.environmentVariable) is not sent to other hosts: "
                + "to send it to \(answer.peer), name its file with --admin-token-file"
        }
        return "the token of \(PrintableText.quote(tokenFile.path)) (from \(tokenFile.origin)) was not accepted: "
            + "use the file that the server has as --admin-token-file"
    }
}

extension AdminAnswer {
    /// What `read` makes of the body.
    func read<Value>(_ read: ([UInt8]) throws(ReadingError) -> Value) throws(AdminClientError) -> Value {
        do throws(ReadingError) {
            return try read(http.body)
        } catch {
            throw .malformed(peer, error.description)
        }
    }
}
