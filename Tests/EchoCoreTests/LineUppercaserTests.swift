import Testing

@testable import EchoCore

@Suite("Lines are framed, stripped and upper-cased")
struct LineUppercaserTests {
    // MARK: Answers

    @Test(arguments: [
        ("hello\n", "HELLO\n"),
        ("MiXed 123 {|}~ `@[\n", "MIXED 123 {|}~ `@[\n"),
        ("\n", "\n"),
        (" \t\r\u{0B}\u{0C}\n", "\n"),
        ("a\nb\n\nc\n", "A\nB\n\nC\n"),
        ("telnet\r\nsends\r\nboth\r\n", "TELNET\nSENDS\nBOTH\n"),
        ("  a b  \n", "A B\n"),
        ("\u{1C}\u{1D}\u{1E}\u{1F}a\u{1F}\u{1E}\u{1D}\u{1C}\n", "A\n"),
        ("\u{08}a\u{0E}\u{1B}\u{7F}\n", "\u{08}A\u{0E}\u{1B}\u{7F}\n"),
        ("a\rb\n", "A\rB\n"),
        ("a\0b\0\n", "A\0B\0\n"),
    ])
    func asciiLines_areAnsweredInPlace(input: String, expected: String) {
        let fed = feed(input)
        #expect(fed.text == expected)
        #expect(fed.failure == nil)
        #expect(fed.lines == input.utf8.count { $0 == 0x0A })
        #expect(fed.answers.allSatisfy { $0 != .appended })
    }

    @Test(arguments: [
        ("straße\n", "STRASSE\n"),
        ("\u{390} \u{FB03} \u{149} \u{1F0}\n", "\u{399}\u{308}\u{301} FFI \u{2BC}N J\u{30C}\n"),
        ("ὀδυσσεύς\n", "ὈΔΥΣΣΕΎΣ\n"),
        ("ıi\n", "II\n"),
        ("ǆǅ\n", "ǄǄ\n"),
        ("𐐨 𞤢\n", "𐐀 𞤀\n"),
        ("日本語 😀\n", "日本語 😀\n"),
        ("\u{85}\u{A0}\u{1680}é\u{2000}\u{200A}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}\n", "É\n"),
        ("\u{200B}é\u{FEFF}\u{180E}\n", "\u{200B}É\u{FEFF}\u{180E}\n"),
        ("\u{3000}\n", "\n"),
        ("a\u{2028}b\u{85}c\n", "A\u{2028}B\u{85}C\n"),
    ])
    func unicodeLines_areAnsweredInFull(input: String, expected: String) {
        let fed = feed(input)
        #expect(fed.output == Array(expected.utf8))
        #expect(fed.failure == nil)
        #expect(fed.lines == 1)
    }

    @Test func asciiAndUnicodeLinesOfOneChunk_keepTheirOrder() {
        let fed = feed(" one\r\ntwo\nünf\n sechs \r\nsieben\r\nä\nlast \npart")
        #expect(fed.text == "ONE\nTWO\nÜNF\nSECHS\nSIEBEN\nÄ\nLAST\nPART\n")
        #expect(fed.lines == 8)
        #expect(fed.answers == [.appended, .appended])
    }

    @Test func nothing_answersNothing() {
        #expect(feed("", ends: false) == Fed(answers: [.none]))
        #expect(feed("") == Fed(answers: [.none, .none]))
    }

    @Test func answersInPlace_areOneRangeThatBeginsWhereTheFirstIs() {
        #expect(feed("ab\ncd\nef", ends: false).answers == [.inPlace(0..<6)])
        #expect(feed("  ab\ncd\n", ends: false).answers == [.inPlace(2..<8)])
        #expect(feed("ab\r\ncd\r\n", ends: false).answers == [.inPlace(0..<6)])
        #expect(feed(" \r\n\n", ends: false).answers == [.inPlace(2..<4)])
    }

    @Test func movesOfEveryLengthAndDistance_keepEveryByte() {
        for length in 0...70 {
            for spaces in 0...20 {
                let text = String((0..<length).map { Character(Unicode.Scalar(UInt8(0x41 + $0 % 26))) })
                let padding = String(repeating: " ", count: spaces)
                let fed = feed("x\(padding)\n\(text)\n\(padding)\(text)\r\n\(text)\n", ends: false)
                #expect(fed.text == "X\n\(text)\n\(text)\n\(text)\n")
            }
        }
    }

    @Test func caselessBlocks_haveNoCase() {
        for value: UInt32 in 0x80...0x10FFFF {
            guard let scalar = Unicode.Scalar(value), UnicodeLine.isInCaselessBlock(scalar) else { continue }
            let isChanged = scalar.properties.changesWhenUppercased
            if isChanged { Issue.record("U+\(String(value, radix: 16)) has a capital") }
        }
    }

    // MARK: Framing

    @Test func everyCut_givesTheSameAnswers() {
        let fox = "the quick brown fox jumps over the lazy dog"
        let stream = Array(" one\r\ntwo\n\n \u{3000}größe\u{2028}\r\n\(fox)\nΐ\nend".utf8)
        let whole = feed([stream])
        #expect(whole.text == "ONE\nTWO\n\nGRÖSSE\nTHE QUICK BROWN FOX JUMPS OVER THE LAZY DOG\nΪ́\nEND\n")
        for position in 0...stream.count {
            #expect(feed(cut(stream, at: position)).isSame(as: whole), "cut at \(position)")
        }
        #expect(feed(stream.map { [$0] }).isSame(as: whole))
    }

    @Test func partialLineAtEndOfFile_isAnswered() {
        #expect(feed("a\nb").text == "A\nB\n")
        #expect(feed("  é  ").text == "É\n")
        #expect(feed(" ").text == "\n")
        #expect(feed("a\n").text == "A\n")
    }

    @Test func partialLineLength_countsBytesSinceTheLastNewline() {
        var uppercaser = LineUppercaser(maximumLineLength: 10)
        var fed = Fed()
        #expect(uppercaser.partialLineLength == 0)
        fed.add(Array("ab\n é".utf8), to: &uppercaser)
        #expect(uppercaser.partialLineLength == 3)
        fed.add(Array("c".utf8), to: &uppercaser)
        #expect(uppercaser.partialLineLength == 4)
        fed.add(Array("\n".utf8), to: &uppercaser)
        #expect(uppercaser.partialLineLength == 0)
        #expect(fed.text == "AB\nÉC\n")
    }

    @Test func firstLine_isMeasuredWithItsNewline() {
        #expect(LineUppercaser.lengthOfFirstLine(in: Array("ab\ncd\n".utf8).span) == 3)
        #expect(LineUppercaser.lengthOfFirstLine(in: Array("\n".utf8).span) == 1)
        #expect(LineUppercaser.lengthOfFirstLine(in: Array("ab".utf8).span) == nil)
        for length in 0..<40 {
            let line = [UInt8](repeating: 0x61, count: length) + [0x0A] + [UInt8](repeating: 0x0B, count: 20)
            #expect(LineUppercaser.lengthOfFirstLine(in: line.span) == length + 1)
        }
    }

    // MARK: The limit

    @Test func lineOfTheMaximum_isAnswered_andOfOneByteMore_isNot() {
        for cutAt in 0...5 {
            let fits = feed(cut(Array("abcde\n".utf8), at: cutAt), maximum: 5)
            #expect(fits.text == "ABCDE\n")
            #expect(fits.failure == nil)
            let long = feed(cut(Array("abcdef\n".utf8), at: cutAt), maximum: 5)
            #expect(long.output.isEmpty)
            #expect(long.failure == .lineTooLong)
        }
        #expect(feed("abcde", maximum: 5).text == "ABCDE\n")
    }

    @Test func lineTooLong_isReportedBeforeItsNewlineCame() {
        let fed = feed([Array("ok\nabc".utf8), Array("de".utf8), Array("f".utf8)], maximum: 5, ends: false)
        #expect(fed.text == "OK\n")
        #expect(fed.failure == .lineTooLong)
        #expect(fed.answers.count == 3)
    }

    @Test(arguments: ["ok\nabcdef\nno\n", "ok\nabcdef"])
    func lineTooLong_inAChunk_answersEarlierLinesOnly(input: String) {
        let bytes = Array(input.utf8)
        for position in 0...bytes.count {
            let fed = feed(cut(bytes, at: position), maximum: 5)
            #expect(fed.text == "OK\n")
            #expect(fed.lines == 1)
            #expect(fed.failure == .lineTooLong)
        }
    }

    @Test func lineTooLongAndInvalid_isTooLong() {
        let bytes: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x0A]
        for position in 0...4 {
            #expect(feed(cut(bytes, at: position), maximum: 3).failure == .lineTooLong)
        }
    }

    // MARK: UTF-8

    @Test(arguments: [
        [0x80], [0xC3], [0xC3, 0x61], [0xFF], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80],
        [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x20, 0xE2, 0x80, 0x20],
    ])
    func invalidLine_answersEarlierLinesOnly(line: [UInt8]) {
        for earlier in ["", "ok\r\n", "é\n", "ok\né\nfine\n"] {
            let bytes = Array(earlier.utf8) + line + Array("\nnever\n".utf8)
            let expected = feed(earlier)
            for position in 0...bytes.count {
                let fed = feed(cut(bytes, at: position))
                #expect(fed.failure == .invalidUTF8)
                #expect(fed.output == expected.output)
                #expect(fed.lines == expected.lines)
            }
        }
        #expect(feed([line]).failure == .invalidUTF8)
    }

    @Test func invalidBytes_areJudgedOnlyWhenTheLineIsThere() {
        let fed = feed([[0xFF], [0x61]], ends: false)
        #expect(fed == Fed(answers: [.none, .none]))
    }

    @Test func codePointCutByANewline_isInvalid() {
        #expect(feed([[0xC3, 0x0A, 0xA9, 0x0A]]).failure == .invalidUTF8)
    }
}

@Suite struct LineUppercaserUnansweredTests {
    @Test(arguments: [
        (["ok\n", "\u{ff}"], 0), (["ok\nab", "cdef"], 6), (["ok\nabcdefg\nx"], 9), (["a", "b\nabcdefgh"], 8),
    ])
    func failure_countsWhatStandsInNoAnswer(_ pieces: [String], _ expected: Int) {
        var lines = LineUppercaser(maximumLineLength: 5)
        var output: [UInt8] = []
        var unanswered = 0
        for piece in pieces {
            var bytes = Array(piece.utf8)
            var span = bytes.mutableSpan
            unanswered += lines.receive(&span, overflow: &output).unanswered
        }
        #expect(unanswered == expected)
    }

    @Test func invalidUTF8_countsTheLineAndWhatFollows() {
        var lines = LineUppercaser(maximumLineLength: 50)
        var output: [UInt8] = []
        var bytes = Array("ok\n".utf8) + [0xff, 0x0a] + Array("later\n".utf8)
        var span = bytes.mutableSpan
        let result = lines.receive(&span, overflow: &output)
        #expect(result.failure == .invalidUTF8)
        #expect(result.unanswered == 8)
    }
}
