"""mandoc reads the manual, and nothing that --help names is missing from it."""

import pathlib
import re
import subprocess

import pytest
from echod import run

FOLDER = pathlib.Path(__file__).parents[2] / "docs" / "man"
PAGES = ["echod.1", "echod.conf.5"]


def mandoc(*arguments):
    result = subprocess.run(["mandoc", *arguments], capture_output=True, text=True, timeout=20)
    assert (result.returncode, result.stderr) == (0, ""), result.stdout
    return result.stdout


def words(page):
    """The page as it is read, without bold and underlining."""
    return re.sub(".\b", "", mandoc("-Tutf8", "-O", "width=80", FOLDER / page))


def options(*command):
    return set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", run(*command, "--help").stdout, re.M))


@pytest.mark.parametrize("page", PAGES)
def test_mandoc_has_nothing_to_say(page):
    assert mandoc("-Tlint", "-W", "warning", FOLDER / page) == ""


def test_every_option_and_command_of_the_help_is_in_the_manual():
    text = words("echod.1")
    serve, commands = text.split("\nCOMMANDS\n")[0], text.split("\nCOMMANDS\n")[1].split("\nTHE DRAIN\n")[0]
    common = commands.split("     echod status\n")[0]
    shown = options("serve")
    assert len(shown) > 20
    for option in shown:
        assert re.search(rf"^     (-h, )?{option}\b", serve, re.M), option
    names = re.findall(r"^  ([a-z]+) ", run("--help").stdout.split("COMMANDS")[1], re.M)
    assert len(names) == 6
    for name in names:
        own = re.search(rf"^     echod {name}\b.*?(?=^     [^ ]|\Z)", commands, re.M | re.S)
        assert own, name
        # The manual says that the options of shutdown are those of drain.
        for option in () if name == "shutdown" else options(name):
            assert re.search(rf"^ +(-h, )?{option}\b", own[0] + common, re.M), f"{name} {option}"


def test_every_option_is_a_variable_and_a_key():
    variables, keys = words("echod.1").split("\nENVIRONMENT\n")[1], words("echod.conf.5").split("\nKEYS\n")[1]
    for option in options("serve") - {"--help", "--version"}:
        name = option[2:]
        assert f"     ECHOD_{name.upper().replace('-', '_')}" in variables
        assert name == "config" or re.search(rf"^     {name}\b", keys, re.M), name
