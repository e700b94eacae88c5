"""The completion script, in the shell it is for: what Tab offers."""

import os
import subprocess

import pytest
from echod import BINARY

# As bash calls it when Tab is pressed at the end of the words given.
PRESS_TAB = """
source <("$ECHOD_BINARY" --generate-completion-script bash)
function=$(complete -p echod | sed 's/.*-F \\([^ ]*\\).*/\\1/')
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMPREPLY=()
COMP_POINT=${#COMP_LINE}
$function echod "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""

DRAIN = "--drain-mode --drain-delay --drain-timeout --drain-spread"
BLOCKERS = "unread_input partial_line peer_read peer_close spread_turn"


def offered(*words, directory=None):
    command = ["bash", "--norc", "-c", PRESS_TAB, "bash", "echod", *words]
    # The script asks the echod under test.
    path = f"{os.path.dirname(BINARY)}:{os.environ['PATH']}"
    environment = os.environ | {"ECHOD_BINARY": BINARY, "PATH": path}
    result = subprocess.run(command, env=environment, cwd=directory, capture_output=True, text=True, timeout=20)
    assert (result.returncode, result.stderr) == (0, "")
    return set(result.stdout.split())


@pytest.mark.parametrize(
    "words, expected",
    [
        ("--dr", DRAIN),
        ("serve --dr", DRAIN),
        ("--mode verbatim --listen :1 --dr", DRAIN),
        ("--log-f", "--log-format"),
        ("--mode |", "upper verbatim"),
        ("serve --drain-mode |", "wait close abort"),
        ("--log-level |", "trace debug info notice warning error critical"),
        ("sh", "shutdown"),
        ("--linger 3s und", "undrain"),
        ("drain --ti", "--timeout"),
        ("drain --wait --ti", "--timeout"),
        # Both serve and these have an option of that name.
        ("drain --mode |", "wait close abort"),
        ("status --admin |", "localhost:8889 :8889 unix:"),
        ("--admin |", "none localhost:8889 :8889 unix:"),
        ("connections --blocked-on |", BLOCKERS),
        ("connections --sort re", "received"),
        ("probe |", "livez readyz startupz"),
    ],
)
def test_bash(words, expected):
    """`|` is an empty word, which Tab completes."""
    assert offered(*("" if word == "|" else word for word in words.split())) == set(expected.split())


def test_bash_offers_commands_and_options_at_once():
    first = offered("")
    assert {"serve", "status", "connections", "drain", "undrain", "shutdown", "probe", "help"} <= first
    assert {"--listen", "--admin-allow-remote", "--version", "--help"} <= first


@pytest.mark.parametrize("words", ["--config", "serve --report", "drain --admin-token-file"])
def test_bash_completes_files(words, tmp_path):
    for name in ("one.json", "one.token", "two"):
        (tmp_path / name).touch()
    assert offered(*words.split(), "one", directory=tmp_path) == {"one.json", "one.token"}
