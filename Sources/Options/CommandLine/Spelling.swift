/// Guesses what the user meant to write.
enum Spelling {
    /// The word that differs least, if it is near enough to have been meant: at most one letter in three is missing,
    /// added or wrong. A worse guess would mislead.
    static func nearest(to word: String, among words: [String]) -> String? {
        let near = words.map { (word: $0, distance: distance(word, $0)) }.min { $0.distance < $1.distance }
        guard let near, near.distance * 3 <= min(word.utf8.count, near.word.utf8.count) else { return nil }
        return near.word
    }

    /// The Levenshtein distance, in bytes. If a word is longer than any option, the distance is the length of the
    /// longer word.
    static func distance(_ one: String, _ other: String) -> Int {
        let one = Array(one.utf8)
        let other = Array(other.utf8)
        guard one.count <= 64, other.count <= 64 else { return max(one.count, other.count) }
        var above = Array(0...other.count)
        for (index, byte) in one.enumerated() {
            var row = [index + 1]
            for column in other.indices {
                let replaced = above[column] + (byte == other[column] ? 0 : 1)
                row.append(min(replaced, above[column + 1] + 1, row[column] + 1))
            }
            above = row
        }
        return above[other.count]
    }
}
