import Basics
import Testing
import Threads

@testable import MicroHTTPD

extension LiveServerTests {
    @Suite struct LibraryLogTests {
        @Test func textIsPrintable() {
            #expect(LibraryLog.escape(Array("a\u{1b}[31m\r\nb\\ü\n".utf8)) == #"a\x1b[31m\x0d\x0ab\x5c\xc3\xbc"#)
            #expect(LibraryLog.escape(Array("\n\n".utf8)) == "")
        }

        @Test func rateIsLimited() {
            let lines = Mailbox<String>()
            let log = LibraryLog { lines.put($0) }
            let start = MonotonicTime.now
            for _ in 0..<1000 { log.record(Array("again".utf8), now: start) }
            #expect(lines.all.count == 10)
            log.record(Array("later".utf8), now: start + .milliseconds(1500))
            #expect(lines.all.last == "later (990 messages suppressed before this one)")
        }

        @Test func libraryIsHeard() throws {
            let lines = Mailbox<String>()
            try withServer({ $0.log = { lines.put($0) } }) { _, endpoint in
                let client = try Client(endpoint)
                client.send("GET /ok HTTP/1.1\r\nHost\r\n\r\n")
                #expect(client.readReply()?.status == 400)
                #expect(lines.take()?.contains("400") == true)
            }
        }
    }
}
