#!/usr/bin/env python3
"""Makes the manual from the option table of `echod` and the *.in files in this folder: docs/man/make.py ECHOD

Lines `@NAME` of a page are replaced by lists. With --check nothing is written; the exit code is 1 if a page is out of date.
"""

import json
import pathlib
import re
import subprocess
import sys

FOLDER = pathlib.Path(__file__).parent
PAGES = ["echod.1", "echod.conf.5"]
COMMON = ["admin", "admin-token-file"]
HELP = [".It Fl h , Fl -help", "Shows the options.", ".It Fl -version", "Shows version and commit."]


def text(words):
    """Sentences of the program as lines of mdoc(7), a sentence a line; `x` is literal."""
    lines = []
    for sentence in re.split(r"(?<=\.) (?=[A-Z`])", words.replace("\\", "\\e").replace('"', "\\(dq")):
        # A macro needs a line of its own; what follows the literal text without a space belongs to it.
        for i, part in enumerate(re.split(r"`([^`]+)`([.,:;]*)", sentence)):
            if i % 3 == 1:
                macro = f".Fl {part[1:]}" if part.startswith("--") else f".Li {part}"
            elif i % 3 == 2:
                lines.append(f"{macro} {part}".rstrip())
            elif part.strip():
                lines.append(part.strip())
    return [("\\&" if line[:1] == "'" else "") + line for line in lines]


def head(option):
    value = {"flag": "", "optionalValue": f" Ns Op = Ns Ar {option['valueName']}"}
    return f".It Fl -{option['name']}" + value.get(option["arity"], f" Ar {option['valueName']}")


def item(option):
    default = [f"Default: {option['standard']}."] if option["standard"] else []
    # `close, wait or abort.`
    return [head(option), *text(re.sub(r"^(?=[a-z_]+, )", "One of ", option["help"])), *text(option["manual"]), *default]


class Manual:
    def __init__(self, binary):
        output = subprocess.run([binary, "--describe"], capture_output=True, check=True, text=True).stdout
        self.serve, *self.commands = json.loads(output)

    def lists(self):
        options = self.serve["options"]
        keys = [option for option in options if option["name"] != "config"]
        common = [option for option in self.commands[0]["options"] if option["name"] in COMMON]
        return {
            "OPTIONS serve": [line for option in options for line in item(option)] + HELP,
            "COMMON": [line for option in common for line in item(option)] + HELP,
            "COMMANDS": [line for command in self.commands for line in self.command(command)],
            "VARIABLES": [line for option in options for line in self.variable(option["name"])],
            "KEYS": [line for option in keys for line in self.key(option)],
            "EXAMPLE": self.example(keys),
        }

    def command(self, command):
        values = " | ".join(command["operand"]["values"]) if "operand" in command else ""
        lines = [f".It Nm Cm {command['name']} {values}".rstrip()]
        lines += text(command["abstract"]) + text(command["manual"])
        own = [option for option in command["options"] if option["name"] not in COMMON]
        if command["name"] == "shutdown" or not own:
            return lines
        return [*lines, ".Bl -tag -width Ds", *(line for option in own for line in item(option)), ".El"]

    def variable(self, name):
        return [f".It Ev ECHOD_{name.upper().replace('-', '_')}", f".Fl -{name}"]

    def key(self, option):
        default = option["standard"] or ("false" if option["arity"] == "flag" else "none")
        quoted = f'"{option["name"]}": {option["example"]}'.replace('"', "\\(dq")
        return [
            f".It Li {option['name']}", *text(re.sub(r"^(?=[a-z_]+, )", "One of ", option["help"])), ".br",
            *text(f"Type: {option['inFile']}."), ".br", f"Default: {default}.", ".br", "Example:", f".Li {quoted}",
        ]

    def example(self, keys):
        """A whole file of the examples, which the tests give to echod."""
        lines = [f'  "{option["name"]}": {option["example"]},' for option in keys]
        return ["{", "  // Every key, and a value that it takes.", *lines, "}"]

    def page(self, name):
        lists = self.lists()
        lines = [f'.\\" Made by docs/man/make.py from {name}.in and the option table of echod: edit those.']
        for line in (FOLDER / f"{name}.in").read_text().splitlines():
            lines += lists[line[1:]] if line.startswith("@") else [line]
        return "\n".join(lines) + "\n"


def main(arguments):
    check = "--check" in arguments
    [binary] = [argument for argument in arguments if argument != "--check"]
    manual = Manual(binary)
    pages = {FOLDER / name: manual.page(name) for name in PAGES}
    old = [path for path, page in pages.items() if not path.exists() or path.read_text() != page]
    if check and old:
        raise SystemExit(f"out of date, run make man: {', '.join(path.name for path in old)}")
    for path in old:
        path.write_text(pages[path])


if __name__ == "__main__":
    main(sys.argv[1:])
