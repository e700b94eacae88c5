#!/usr/bin/env python3
"""Makes the manual from what `echod` says of its options and from the *.in files beside this one: docs/man/make.py ECHOD

Lines `@NAME` of a page are replaced by lists. With --check nothing is written; the exit code is 1 where a page is old.
"""

import json
import pathlib
import re
import subprocess
import sys

FOLDER = pathlib.Path(__file__).parent
PAGES = ["echod.1", "echod.conf.5"]
COMMON = ["admin", "admin-token-file"]
TYPES = {
    "addr": "an address as a string",
    "bool": "true or false",
    "bytes": "a number",
    "dur": "a duration",
    "file": "a path as a string",
    "name": "a string",
    "n": "a number",
}
HELP = [".It Fl h , Fl -help", "Shows the options.", ".It Fl -version", "Shows version and commit."]


class Option:
    """An option as the program describes it: `* Where to echo. (127.0.0.1:8888)`."""

    def __init__(self, argument):
        self.name = argument["preferredName"]["name"]
        self.is_flag = argument["kind"] == "flag"
        self.value = "bool" if self.is_flag else argument["valueName"]
        self.choices = argument.get("completionKind", {}).get("list", {}).get("values")
        summary, self.default = re.fullmatch(r"(?:\* )?(.*?)(?: \(([^()]*)\))?", argument["abstract"]).groups()
        # `close, wait or abort.`
        self.summary = re.sub(r"^(?=[a-z_]+, )", "One of ", summary)
        self.is_list = argument["isRepeating"]

    @property
    def head(self):
        return f".It Fl -{self.name}" + ("" if self.is_flag else f" Ar {self.value}")

    def kind(self):
        """What its value is in the configuration file."""
        if self.value in TYPES:
            alternative = ', or "off"' if self.default == "off" else ", or a list of them" if self.is_list else ""
            return TYPES[self.value] + alternative
        return "a string: " + ", ".join(self.choices[:-1]) + " or " + self.choices[-1]


def text(words):
    """Words of the program as lines of mdoc(7), a sentence a line."""
    escaped = words.replace("\\", "\\e").replace('"', "\\(dq")
    return [("\\&" if line[:1] in (".", "'") else "") + line for line in re.split(r"(?<=\.) (?=[A-Z])", escaped)]


def description(binary):
    """By command: the options that are to be seen, the abstract, and the values of its argument."""
    output = subprocess.run([binary, "--experimental-dump-help"], capture_output=True, check=True, text=True).stdout
    options, abstracts, values = {}, {}, {}
    for command in json.loads(output)["command"]["subcommands"]:
        name = command["commandName"]
        if name == "help":
            continue
        abstracts[name] = command["abstract"]
        positional = [argument for argument in command["arguments"] if argument["kind"] == "positional"]
        values[name] = "".join(" " + " | ".join(argument["allValues"]) for argument in positional)
        named = [argument for argument in command["arguments"] if argument["kind"] != "positional"]
        shown = [Option(argument) for argument in named if argument["shouldDisplay"] and "abstract" in argument]
        options[name] = [option for option in shown if option.name not in ("help", "version")]
    return options, abstracts, values


def paragraphs():
    """The hand-written text, by the name in brackets."""
    sections, lines = {}, None
    for line in (FOLDER / "options.in").read_text().splitlines():
        if re.fullmatch(r"\[[a-z][a-z -]*\]", line):
            lines = sections.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            lines.append(line)
    return sections


class Manual:
    def __init__(self, binary):
        self.options, self.abstracts, self.values = description(binary)
        self.written = paragraphs()
        self.used = set()

    def take(self, name, *, needed=False):
        if needed and name not in self.written:
            raise SystemExit(f"options.in says nothing of [{name}]")
        self.used.add(name)
        return self.written.get(name, [])

    def item(self, option, more):
        default = [] if option.default is None else [f"Default: {option.default}."]
        return [option.head, *text(option.summary), *more, *default]

    def lists(self):
        serve = self.options["serve"]
        keys = [option for option in serve if option.name != "config"]
        common = {option.name: option for option in self.options["status"] if option.name in COMMON}
        return {
            "OPTIONS serve": [
                line for option in serve for line in self.item(option, self.take(option.name, needed=True))
            ] + HELP,
            "COMMON": [line for name in COMMON for line in self.item(common[name], [])] + HELP,
            "COMMANDS": [line for name in self.options if name != "serve" for line in self.command(name)],
            "VARIABLES": [line for option in serve for line in self.variable(option)],
            "KEYS": [line for option in keys for line in self.key(option)],
            "EXAMPLE": self.example(keys),
        }

    def command(self, name):
        lines = [f".It Nm Cm {name}{self.values[name]}", *text(self.abstracts[name]), *self.take(name)]
        own = [option for option in self.options[name] if option.name not in COMMON]
        if name == "shutdown" or not own:
            return lines
        items = [line for option in own for line in self.item(option, self.take(f"{name} --{option.name}"))]
        return [*lines, ".Bl -tag -width Ds", *items, ".El"]

    def variable(self, option):
        return [f".It Ev ECHOD_{option.name.upper().replace('-', '_')}", f".Fl -{option.name}"]

    def key(self, option):
        example = " ".join(self.take(f"{option.name} example", needed=True))
        default = option.default or ("false" if option.is_flag else "none")
        return [
            f".It Li {option.name}", *text(option.summary), ".br", *text(f"Type: {option.kind()}."), ".br",
            f"Default: {default}.", ".br", "Example:", ".Li " + json.dumps(option.name).replace('"', "\\(dq")
            + ": " + example.replace('"', "\\(dq"),
        ]

    def example(self, keys):
        """A whole file of the examples, which the tests give to echod."""
        lines = [f"  {json.dumps(option.name)}: {' '.join(self.written[option.name + ' example'])}," for option in keys]
        return ["{", "  // Every key, and a value that it takes.", *lines, "}"]

    def page(self, name):
        lists = self.lists()
        lines = [f'.\\" Made by docs/man/make.py from {name}.in, options.in and echod itself: edit those.']
        for line in (FOLDER / f"{name}.in").read_text().splitlines():
            lines += lists[line[1:]] if line.startswith("@") else [line]
        return "\n".join(lines) + "\n"


def main(arguments):
    check = "--check" in arguments
    [binary] = [argument for argument in arguments if argument != "--check"]
    manual = Manual(binary)
    pages = {FOLDER / name: manual.page(name) for name in PAGES}
    old = [path for path, page in pages.items() if not path.exists() or path.read_text() != page]
    if unused := set(manual.written) - manual.used:
        raise SystemExit(f"options.in speaks of what is not there: {', '.join(sorted(unused))}")
    if check and old:
        raise SystemExit(f"out of date, run make man: {', '.join(path.name for path in old)}")
    for path in old:
        path.write_text(pages[path])


if __name__ == "__main__":
    main(sys.argv[1:])
