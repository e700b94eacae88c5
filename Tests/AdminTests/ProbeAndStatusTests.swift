import Admin
import MicroHTTPD
import Testing
import Wire

@Suite("Probes and status")
struct ProbeAndStatusTests {
    private func service(_ state: ServiceState, isFull: Bool = false, isStuck: Bool = false) -> FakeService {
        FakeService {
            $0.status.state = state
            $0.status.isFull = isFull
            $0.isStuck = isStuck
        }
    }

    @Test(arguments: ServiceState.allCases, ["/livez", "/healthz"])
    func livez_isOkInEveryState(state: ServiceState, path: String) throws {
        let response = try send(request(.get, path), to: service(state))
        #expect(response.status == 200)
        #expect(response.text == "ok\n")
        #expect(response.header("Content-Type") == "text/plain; charset=utf-8")
    }

    @Test func livez_whenALoopIsStuck_isUnavailable() throws {
        let response = try send(request(.get, "/livez"), to: service(.serving, isStuck: true))
        #expect(response.status == 503)
        #expect(response.text.hasPrefix("stuck"))
    }

    @Test(arguments: ServiceState.allCases, ["/readyz", "/health"])
    func readyz_saysTheState_unlessServing(state: ServiceState, path: String) throws {
        let response = try send(request(.get, path), to: service(state))
        #expect(response.status == (state == .serving ? 200 : 503))
        #expect(response.text == (state == .serving ? "ok\n" : "\(state.rawValue)\n"))
    }

    @Test func readyz_whenFull_staysReadyAndSaysSo() throws {
        let response = try send(request(.get, "/readyz"), to: service(.serving, isFull: true))
        #expect(response.status == 200)
        #expect(response.text == "ok (full)\n")
    }

    @Test(arguments: ServiceState.allCases)
    func startupz_isUnavailable_onlyWhileStarting(state: ServiceState) throws {
        let response = try send(request(.get, "/startupz"), to: service(state))
        #expect(response.status == (state == .starting ? 503 : 200))
        #expect(response.text == (state == .starting ? "starting\n" : "ok\n"))
    }

    @Test(arguments: ["/livez", "/healthz", "/readyz", "/health"], ["verbose", "verbose=true", "verbose=1"])
    func verbose_listsTheChecks_asKubeAPIServerDoes(path: String, query: String) throws {
        let response = try send(request(.get, "\(path)?\(query)"), to: service(.serving))
        let isLive = path == "/livez" || path == "/healthz"
        let checks = isLive ? "[+]admin ok\n[+]loops ok" : "[+]listeners ok\n[+]drain ok\n[+]capacity ok"
        #expect(response.status == 200)
        #expect(response.header("Content-Type") == "text/plain; charset=utf-8")
        #expect(response.text == "\(checks)\n\(path.dropFirst()) check passed\n")
    }

    @Test func verbose_saysWhatFailed() throws {
        let stuck = try send(request(.get, "/livez?verbose"), to: service(.serving, isStuck: true))
        #expect(stuck.status == 503)
        #expect(
            stuck.text
                == "[+]admin ok\n[-]loops failed: an event loop has not answered for 5 s\nlivez check failed\n")
        let draining = try send(request(.get, "/readyz?verbose"), to: service(.draining))
        #expect(draining.status == 503)
        #expect(
            draining.text
                == "[-]listeners failed: closed to new clients\n[-]drain failed: draining\n[+]capacity ok\n"
                + "readyz check failed\n")
        let full = try send(request(.get, "/readyz?verbose"), to: service(.serving, isFull: true))
        #expect(full.status == 200)
        #expect(full.text.contains("[+]capacity ok (full)\n"))
    }

    @Test(arguments: ServiceState.allCases)
    func verbose_changesNoStatusCode(state: ServiceState) throws {
        for path in ["/livez", "/readyz"] {
            let service = service(state)
            let verbose = try send(request(.get, "\(path)?verbose"), to: service)
            #expect(verbose.status == (try send(request(.get, path), to: service)).status)
            #expect(verbose.text.contains("[-]") == (verbose.status == 503))
        }
    }

    @Test(arguments: ["verbose=false", "verbose=", "verbose&verbose", "exclude=loops"])
    func probe_refusesWhatItDoesNotKnow(query: String) throws {
        #expect(try send(request(.get, "/livez?\(query)")).status == 400)
    }

    /// Copied from contract.md, section 5; its line breaks are not part of the document.
    private static let contract = """
        {"admin":["127.0.0.1:8889"],
         "bytes":{"received":1048576,"sent":1048576,"unacked":4096,"unread":0},
         "connections":{"accepted":60,"active":2,"closed":{"admin_closed":0,"drained":50,"forced":0,"idle":0,\
        "internal_error":0,"invalid_utf8":0,"line_too_long":0,"peer_closed":8,"refused":0,"reset_by_peer":0,\
        "write_stalled":0}},
         "drain":{"abandoned_by_peer":0,"accept_queue":"lossless","at_mark":52,"blocked_on":{"peer_close":1,\
        "peer_read":1},"closed":50,"deadline_in_ms":16880,"delay_ms":0,"elapsed_ms":3120,"from_backlog":4,"id":1,\
        "incomplete":0,"intent":"hold","late_discarded":120,"lost_received":0,"lost_sent":0,"mode":"close",\
        "result":null,"timeout_ms":20000,"trigger":"api","waiters":1},
         "exit_code":null,"in_state_ms":3120,"lines":16384,"listen":["127.0.0.1:8888"],"pid":4711,"ready":false,\
        "state":"draining","uptime_ms":86400000,"version":"0.1.0"}
        """

    static var contractOnOneLine: String { contract.replacing("\n ", with: "") + "\n" }

    @Test func status_isByteForByteTheContractsSample() throws {
        let response = try send(request(.get, "/status"))
        #expect(response.status == 200)
        #expect(response.header("Content-Type") == "application/json")
        #expect(response.text == Self.contractOnOneLine)
    }

    @Test func status_isSampledAnew() throws {
        let service = FakeService {
            $0.sample = $0.status
            $0.sample?.bytes.unread = 99
        }
        #expect(try send(request(.get, "/status"), to: service).text.contains(#""unread":99"#))
    }

    @Test func status_beforeTheFirstDrain_hasItsKeysAsNull() throws {
        let service = FakeService {
            $0.status.drain = nil
            $0.status.state = .serving
        }
        let text = try send(request(.get, "/status"), to: service).text
        #expect(text.contains(#""drain":null,"exit_code":null,"#))
        #expect(text.contains(#""ready":true"#))
    }

    @Test func status_afterADrain_hasResultAndExitCode() throws {
        let service = FakeService {
            $0.status.state = .drained
            $0.status.exitCode = 3
            $0.status.drain?.result = .lost
            $0.status.drain?.deadlineIn = nil
            $0.status.drain?.trigger = .signal(.terminate)
            $0.status.drain?.blockedOn = [.peerRead: 0]
            $0.status.listen = ["unix:/run/échod\u{7f}.sock"]
        }
        let text = try send(request(.get, "/status"), to: service).text
        #expect(text.contains(#""exit_code":3"#))
        #expect(text.contains(#""result":"lost""#))
        #expect(text.contains(#""deadline_in_ms":null"#))
        #expect(text.contains(#""trigger":"signal:TERM""#))
        #expect(text.contains(#""blocked_on":{}"#))
        // Slashes stay, and whatever is not printable ASCII is escaped.
        #expect(text.contains(#""unix:/run/\u00e9chod\u007f.sock""#))
    }
}
