internal import Basics

/// What a shell offers when Tab is pressed.
///
/// The scripts only ask `echod --complete WORDS`, so that all shells offer the same, and only what this version of
/// echod takes.
package enum Completion {
    /// Asks for a script.
    package static let scriptFlag = "--generate-completion-script"
    /// The scripts' question; the words before the cursor follow, and the last of them may be empty.
    package static let question = "--complete"
    /// The line that means the files in the current directory.
    static let files = "<files>"

    /// Lines of an offer, a tab and a description.
    package static func answer(_ words: [String], _ commands: [Command]) -> String {
        offers(words, commands).map { "\($0.word)\t\($0.text)\n" }.joined()
    }

    private static func offers(_ words: [String], _ commands: [Command]) -> [(word: String, text: String)] {
        let current = words.last ?? ""
        // Bash splits `--mode=upper` into three words.
        var before = words.dropLast().filter { $0 != "=" }[...]
        var command = commands[0]
        var mayBeCommand = true
        var taken: Set<String> = []
        var hasOperand = false
        while let word = before.popFirst() {
            if let option = command.options.first(where: { $0.flag == word }) {
                if !option.isRepeatable { taken.insert(word) }
                guard option.arity == .value || option.arity == .list else { continue }
                if before.isEmpty { return values(of: option, current) }
                before.removeFirst()
            } else if mayBeCommand, let named = commands.first(where: { $0.name == word }) {
                command = named
                mayBeCommand = false
            } else if !word.hasPrefix("-") {
                hasOperand = true
            }
        }
        var offers: [(word: String, text: String)] = []
        if mayBeCommand {
            offers += commands.map { ($0.name, $0.abstract) } + [("help", "Shows the help of a command.")]
        }
        if !hasOperand, let operand = command.operand { offers += operand.values.map { ($0, "") } }
        if current.hasPrefix("-") || mayBeCommand {
            offers += command.options.map { ($0.flag, HelpText.summary(of: $0)) }.filter { !taken.contains($0.0) }
            offers += [(Command.help, "Show the help."), (Command.version, "Show the version.")]
        }
        return offers.filter { $0.word.hasPrefix(current) }
    }

    private static func values(of option: OptionText, _ current: String) -> [(word: String, text: String)] {
        switch option.completion {
        case .none: []
        case .files: [(files, "")]
        case .words(let words): words.filter { $0.hasPrefix(current) }.map { ($0, "") }
        }
    }
}

extension Completion {
    /// `shell` is a name or a path.
    package static func script(_ shell: String) throws(UsageError) -> String {
        switch shell.split(separator: "/").last {
        case "bash": return bash
        case "zsh": return zsh
        case "fish": return fish
        default:
            throw UsageError(
                problem: "there is no completion script for \(PrintableText.quote(shell))",
                advice: "write bash, zsh or fish")
        }
    }

    private static let bash = #"""
        _echod() {
            local offer
            COMPREPLY=()
            while IFS=$'\t' read -r offer _; do
                if [[ $offer = '\#(files)' ]]; then
                    while IFS= read -r offer; do COMPREPLY+=("$offer"); done < <(compgen -f -- "$2")
                else
                    COMPREPLY+=("$offer")
                fi
            done < <("${COMP_WORDS[0]}" \#(question) "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
        }
        complete -F _echod echod
        """#

    private static let zsh = #"""
        #compdef echod
        _echod() {
            local line
            local -a offers
            for line in "${(@f)$("${words[1]}" \#(question) "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
                [[ $line = '\#(files)'* ]] && { _files; return }
                [[ -n $line ]] && offers+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
            done
            _describe echod offers
        }
        if [[ $funcstack[1] = _echod ]]; then _echod "$@"; else compdef _echod echod; fi
        """#

    private static let fish = #"""
        function __echod_offers
            set -l words (commandline -opc)
            set -l word (commandline -ct)
            for line in (command $words[1] \#(question) $words[2..] "$word" 2>/dev/null)
                if string match -q '\#(files)*' -- $line
                    __fish_complete_path "$word"
                else
                    echo $line
                end
            end
        end
        complete -c echod -f -a '(__echod_offers)'
        """#
}
