"""zsh and fish read their completion scripts, and Tab completes as intended."""

import contextlib
import os
import pty
import re
import select
import subprocess
import time

import pytest
from echod import BINARY, PATIENCE


# The scripts ask the echod under test.
PATH = f"{os.path.dirname(BINARY)}:{os.environ['PATH']}"


@pytest.fixture(params=["zsh", "fish"])
def script(request, tmp_path):
    """The shell and its script."""
    path = tmp_path / f"echod.{request.param}"
    with open(path, "w") as file:
        subprocess.run([BINARY, "--generate-completion-script", request.param], stdout=file, check=True, timeout=20)
    return request.param, path


def answer(*command):
    result = subprocess.run(command, env=os.environ | {"PATH": PATH}, capture_output=True, text=True, timeout=20)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def test_syntax(script):
    shell, path = script
    assert answer(shell, "--no-exec", path) == ""


@pytest.mark.parametrize(
    "line, expected",
    [
        ("echod --drain-t", {"--drain-timeout"}),
        ("echod serve --drain-t", {"--drain-timeout"}),
        ("echod drain --mode ", {"wait", "close", "abort"}),
        ("echod --drain-mode ", {"wait", "close", "abort"}),
        ("echod probe r", {"readyz"}),
        ("echod und", {"undrain"}),
    ],
)
def test_fish_offers(line, expected, tmp_path):
    command = 'source ("$argv[1]" --generate-completion-script fish | psub); complete --do-complete "$argv[2]"'
    lines = answer("fish", "--no-config", "--command", command, BINARY, line).splitlines()
    assert {entry.split("\t")[0] for entry in lines} == expected


@contextlib.contextmanager
def interactive_zsh(folder):
    """Yields a function that types into a zsh and waits for what it draws."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe("zsh", ["zsh", "-f", "-i"], {"TERM": "dumb", "HOME": str(folder), "PATH": PATH})
    drawn = ""

    def press(keys, expected):
        nonlocal drawn
        drawn = ""
        os.write(terminal, keys.encode())
        end = time.monotonic() + PATIENCE
        while not re.search(expected, drawn):
            assert select.select([terminal], [], [], max(0, end - time.monotonic()))[0], f"{keys!r}: {drawn!r}"
            drawn += os.read(terminal, 65536).decode()

    try:
        yield press
    finally:
        os.close(terminal)
        os.kill(child, 9)
        os.waitpid(child, 0)


@pytest.mark.parametrize("script", ["zsh"], indirect=True)
def test_zsh_completes(script, tmp_path):
    script[1].rename(tmp_path / "_echod")
    setup = f"PS1=; fpath=({tmp_path} $fpath); autoload -Uz compinit; compinit -u -D; echo rea''dy\r"
    with interactive_zsh(tmp_path) as press:
        press(setup, "ready\r?\n")
        for typed, expected in {
            "--drain-t": "--drain-timeout ",
            "--mode verbatim --drain-t": "--mode verbatim --drain-timeout ",
            "drain --mode cl": "drain --mode close ",
            "drain --wait --ti": "drain --wait --timeout ",
            "--drain-mode ab": "--drain-mode abort ",
            "--admin lo": "--admin localhost:8889 ",
            "status --admin lo": "status --admin localhost:8889 ",
            "probe re": "probe readyz ",
            "und": "undrain ",
        }.items():
            press(f"echod {typed}\t", re.escape(f"echod {expected}"))
            press("\x15echo nex''t\r", "next\r?\n")
