import AdminClient
import EchoCore
import EventLoops

/// The admin plane a client command talks to, found in the options of `serve`.
struct ClientAdmin: Hashable, Sendable {
    var address: ListenAddress = .host("127.0.0.1", port: 8889)
    /// nil: none.
    var tokenFile: NamedTokenFile?

    /// A file and where its name stood.
    struct NamedTokenFile: Hashable, Sendable {
        var path: String
        var isNamedOnCommandLine: Bool

        var origin: String {
            isNamedOnCommandLine
                ? OptionError.commandLine : "the environment variable \(ClientAdmin.tokenVariable)"
        }

        func read() throws(OptionError) -> ClientToken {
            do throws(UnusableFile) {
                let bytes = try TokenFile.readForSending(path)
                return ClientToken(bytes: bytes, isNamedOnCommandLine: isNamedOnCommandLine)
            } catch {
                throw OptionError(
                    option: ServeOption.adminTokenFile.flag, origin: origin, value: path, problem: error.problem,
                    allowed: "a file that holds the token of the server's --admin-token-file")
            }
        }
    }

    static let tokenVariable = ServeOption.adminTokenFile.environmentVariable

    /// The first address that is not `none`: of the command line, else of the environment, else the default.
    init(flags: [String], tokenFile: String?, environment: [String: String]) throws(OptionError) {
        let variable = environment[ServeOption.admin.environmentVariable] ?? ""
        if !flags.isEmpty {
            address = try Self.first(flags, from: OptionError.commandLine)
        } else if !variable.isEmpty {
            let origin = "the environment variable \(ServeOption.admin.environmentVariable)"
            let texts = variable.split(separator: ",", omittingEmptySubsequences: false)
            address = try Self.first(texts.map(OptionReader.trimmed), from: origin)
        }
        self.tokenFile = Self.tokenFile(flag: tokenFile, environment)
    }

    private static func first(_ texts: [String], from origin: String) throws(OptionError) -> ListenAddress {
        let kind = OptionReader.Kind<ListenAddress?>.addressOrNone
        let option = ServeOption.admin.flag
        for text in texts {
            guard let address = try kind.read(option, text, from: origin) else { continue }
            guard address.port != 0 else {
                throw OptionError(
                    option: option, origin: origin, value: text,
                    problem: "port 0 is any free one: name the port that echod took, its log says it",
                    allowed: ListenAddress.forms)
            }
            return address
        }
        throw OptionError(
            option: option, origin: origin, value: texts.joined(separator: ","),
            problem: "an echod without an admin address cannot be talked to", allowed: ListenAddress.forms)
    }

    private static func tokenFile(flag: String?, _ environment: [String: String]) -> NamedTokenFile? {
        if let flag { return NamedTokenFile(path: flag, isNamedOnCommandLine: true) }
        guard let variable = environment[tokenVariable], !variable.isEmpty else { return nil }
        return NamedTokenFile(path: variable, isNamedOnCommandLine: false)
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

    /// What to do about a mutation that was refused for its token; nil of other answers. It follows the server's own
    /// words, which are for clients that write headers.
    func tokenHint(_ request: AdminRequest, _ answer: AdminAnswer) -> String? {
        guard answer.http.status == 401 else { return nil }
        guard let tokenFile, let token = request.token else {
            return "\(answer.peer) wants a token: name the token's file with --admin-token-file"
        }
        guard token.maySend(to: answer.peer) else {
            return "the token of \(Self.tokenVariable) is not sent beyond this host unasked: "
                + "to send it to \(answer.peer), name its file with --admin-token-file"
        }
        return "the token of \(PrintableText.quote(tokenFile.path)) (from \(tokenFile.origin)) was not accepted: "
            + "name the file that the server was given with --admin-token-file"
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
