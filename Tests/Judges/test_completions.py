"""zsh and fish read their completion scripts, and fish says what Tab would offer."""

import subprocess

import pytest
from echod import BINARY


@pytest.fixture(params=["zsh", "fish"])
def script(request, tmp_path):
    """The shell and its script."""
    path = tmp_path / f"echod.{request.param}"
    with open(path, "w") as file:
        subprocess.run([BINARY, "--generate-completion-script", request.param], stdout=file, check=True, timeout=20)
    return request.param, path


def answer(*command):
    result = subprocess.run(command, capture_output=True, text=True, timeout=20)
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
