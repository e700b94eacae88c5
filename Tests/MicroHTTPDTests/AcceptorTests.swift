import Basics
import Glibc
import Testing
import Threads

@testable import MicroHTTPD

extension LiveServerTests {
    /// Clients on their way into the library (faults.md, sections 1.1 and 1.4).
    @Suite struct AcceptorTests {
        /// At its own limit the library's thread would deadlock, and so would the stop.
        @Test func burst_isServedAndStopped() throws {
            try withServer { server, endpoint in
                let crowd = try join(1_000, endpoint, sending: request())
                #expect(isServed(endpoint))
                #expect(server.connectionCount <= HTTPServerConfiguration().descriptorLimit)
                _ = consume crowd
            }
        }

        /// Each at another moment of the stop.
        @Test func stop_whileClientsKeepArriving_neverAborts() throws {
            for round in 0..<20 {
                let isOver = Lock(false)
                try withServer { server, endpoint in
                    let storm = TestThread {
                        while !isOver.withLock({ $0 }) {
                            guard let client = try? Client(endpoint) else { continue }
                            client.send(request())
                        }
                    }
                    #expect(eventually { server.connectionCount > 0 })
                    server.stop(grace: .milliseconds(round % 4))
                    isOver.withLock { $0 = true }
                    storm.join()
                }
            }
        }

        /// The library sets TCP options, and says so when it cannot.
        @Test func unixClients_causeNoLogLine() throws {
            let path = "/tmp/mhd-quiet-\(getpid()).sock"
            defer { unlink(path) }
            let lines = Mailbox<String>()
            let server = try makeServer(on: try Sockets.listen(path: path)) { $0.log = { lines.put($0) } }
            defer { server.stop() }
            for _ in 0..<20 {
                let client = try Client(.unix(path: path))
                client.send(request())
                #expect(client.readReply()?.text == "ok")
                client.send(request())
                #expect(client.readReply()?.text == "ok")
            }
            #expect(lines.all.isEmpty)
        }
    }
}
