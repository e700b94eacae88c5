"""The command line of the real binary: exit codes, and which stream says what."""

import os
import re
import subprocess

import pytest

BINARY = os.environ["ECHOD_BINARY"]


def run(*arguments, **variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ECHOD_")}
    return subprocess.run(
        [BINARY, *arguments], env=environment | variables, capture_output=True, text=True, timeout=20
    )


def test_version():
    result = run("--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(r"echod 0\.1\.0( \([0-9a-f]{7,}(-dirty)?\))?\nlibmicrohttpd \d+\.\d+\.\d+\n", result.stdout)


def test_help_fits_a_screen():
    result = run("--help")
    lines = result.stdout.splitlines()
    assert result.returncode == 0 and result.stderr == ""
    assert "--drain-timeout" in result.stdout
    assert len(lines) <= 60 and max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    "arguments, variables, expected",
    [
        (["--drain-timeout", "20"], {}, ["--drain-timeout", "the command line", "20s"]),
        ([], {"ECHOD_LISTEN": "8888"}, ["--listen", "ECHOD_LISTEN", ":8888"]),
        (["--no-such-option"], {}, ["--no-such-option", "--help"]),
    ],
)
def test_bad_usage(arguments, variables, expected):
    result = run(*arguments, **variables)
    assert result.returncode == 64 and result.stdout == ""
    assert result.stderr.startswith("echod: ") and len(result.stderr.splitlines()) == 2
    for text in expected:
        assert text in result.stderr
