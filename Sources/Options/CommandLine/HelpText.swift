/// The help of a command, for 80 columns.
package enum HelpText {
    private static let width = 80
    /// Where the texts of options begin.
    private static let column = 26

    /// `others` are listed at the end.
    package static func of(_ command: Command, others: [Command] = []) -> String {
        var sections = ["OVERVIEW: \(command.abstract)".wrapped(to: width)]
        if !command.discussion.isEmpty { sections.append(command.discussion.wrapped(to: width)) }
        sections.append("USAGE: \(command.usage)")
        if let operand = command.operand {
            let values = "\(operand.help) (values: \(operand.values.joined(separator: ", ")))"
            sections.append("ARGUMENTS:\n" + row("<\(operand.name)>", values))
        }
        let rows =
            command.options.map { row($0.usage, summary(of: $0)) } + [
                row("-h, \(Command.help)", "Show this help."), row(Command.version, "Show the version."),
            ]
        sections.append("OPTIONS:\n" + rows.joined(separator: "\n"))
        if !others.isEmpty {
            sections.append(
                "COMMANDS for a running echod (echod COMMAND --help describes each):\n"
                    + others.map { row($0.name, $0.summary) }.joined(separator: "\n"))
        }
        return sections.joined(separator: "\n\n")
    }

    /// `* Address of the echo service. (127.0.0.1:8888)`
    static func summary(of option: OptionText) -> String {
        let mark = option.isRepeatable ? "* " : ""
        return mark + option.help + (option.standard.isEmpty ? "" : " (\(option.standard))")
    }

    private static func row(_ name: String, _ text: String) -> String {
        let indent = String(repeating: " ", count: column)
        let lines = text.wrapped(to: width - column).replacing("\n", with: "\n\(indent)")
        let head = "  \(name)"
        guard head.utf8.count < column else { return "\(head)\n\(indent)\(lines)" }
        return head + indent.dropFirst(head.utf8.count) + lines
    }
}

extension String {
    /// Broken at spaces into lines of at most `width` bytes; a longer word has a line of its own.
    fileprivate func wrapped(to width: Int) -> String {
        var lines = [""]
        for word in split(separator: " ") {
            let line = lines[lines.count - 1]
            if line.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if line.utf8.count + 1 + word.utf8.count <= width {
                lines[lines.count - 1] = "\(line) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines.joined(separator: "\n")
    }
}
