import Testing

@testable import Options

@Suite struct CommentedJSONTests {
    private func read(_ text: String) throws -> [CommentedJSON.Entry] {
        try CommentedJSON.entries(Array(text.utf8))
    }

    @Test func values_areTakenAsTheyAreWritten() throws {
        let entries = try read(#"{"a":"x","b":-1.5e3,"c":true,"d":false,"e":null,"f":[ ],"g":["x",1]}"#)
        #expect(entries.map(\.key) == ["a", "b", "c", "d", "e", "f", "g"])
        #expect(
            entries.map(\.value) == [
                .string("x"), .number("-1.5e3"), .boolean(true), .boolean(false), .null, .list([]),
                .list([.string("x"), .number("1")]),
            ])
    }

    @Test func lines_areCountedThroughComments() throws {
        let entries = try read("// {\n/* \n } **/ {\r\n\"a\": // x\n 1,\n/**/\"b\":2 , } // the end")
        #expect(entries.map(\.line) == [4, 6])
        #expect(try read("\u{FEFF}{}").isEmpty)
    }

    @Test func escapes_areThoseOfJSON() throws {
        let entries = try read(#"{"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00 é/*//":"# + "\"\"}")
        #expect(entries.first?.key == "\"\\/\u{8}\u{C}\n\r\té😀 é/*//")
    }

    @Test(
        arguments: [
            "", " ", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":[", "{\"a\":[1", "{\"a\":\"", "{\"a\":\"\\", "{} x",
            "{}}",
            "{,}", "{\"a\":1,,}", "{\"a\" 1}", "{\"a\":}", "{a:1}", "{'a':1}", "{\"a\":'x'}", "{\"a\":x}",
            "{\"a\":20s}",
            "{\"a\":{}}", "{\"a\":[[]]}", "{\"a\":[1 2]}", "{\"a\":[,]}", "{\"a\":\"\n\"}", "{\"a\":\"\t\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12\"}", "{\"a\":\"\\u+123\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\"}",
            "{\"a\":\"\\ud800\\u0041\"}", "/* ", "/", "/x", "{\"a\":True}", "{\"a\":NaN}", "{\"a\":Infinity}",
            "{\"a\":0x1}",
            "{\"a\":-}", "{\"a\":1-2}", "# x\n{}", "\u{0}", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}",
        ])
    func whatIsNoJSON_isRefused(text: String) {
        #expect(throws: CommentedJSON.Failure.self) { try read(text) }
    }

    /// Each against all before it would take minutes, on the loop that serves the signals when the file is read again.
    @Test(.timeLimit(.minutes(1))) func manyKeys_areReadInOnePass() throws {
        let keys = (0..<80_000).map { "\"k\($0)\":1" }
        #expect(try read("{\(keys.joined(separator: ","))}").count == keys.count)
        #expect(throws: CommentedJSON.Failure(line: 2, problem: "the key \"k7\" is already in line 1")) {
            try read("{\(keys.joined(separator: ",")),\n\"k7\":1}")
        }
    }

    @Test func bytesThatAreNotUTF8_areRefused() {
        #expect(throws: CommentedJSON.Failure.self) { try CommentedJSON.entries([0x7B, 0xFF, 0x7D]) }
    }

    /// Nothing of it may trap, wherever the file is cut or a byte is wrong.
    @Test func anyByteAnywhere_isTakenOrRefused() {
        let whole = Array(#"{"a": [1, "\u00e9\\"], /* x */ "b": true} // y"#.utf8)
        for end in whole.indices {
            _ = try? CommentedJSON.entries(Array(whole[..<end]))
            for byte in UInt8.min...UInt8.max {
                var changed = whole
                changed[end] = byte
                _ = try? CommentedJSON.entries(changed)
            }
        }
    }
}
