"""Commands whose output is not taken: a full disk is reported and ends in 1, a closed pipe is quiet and ends in SIGPIPE."""

import os
import signal
import subprocess

import pytest
from commands import NOBODY, command, half_typed
from echod import BINARY, PATIENCE, Echod, Process, clean_environment, eventually

FULL_DISK = "echod: cannot write to standard output: No space left on device\n"
DONE = FULL_DISK + "the server has done what was asked\n"
PRINTED = ["--help", "--version", "drain --help", "help status", "--generate-completion-script bash"]


def to_full_disk(*words):
    with open("/dev/full", "wb") as full:
        return told(words, full)


def to_closed_pipe(*words):
    """As `echod ... | head -c0`, once that has ended: pytest ignores SIGPIPE, a shell does not; no difference."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as pipe:
        return told(words, pipe)


def told(words, output):
    """The exit code and what is on standard error."""
    result = subprocess.run(
        [BINARY, *words], stdout=output, stderr=subprocess.PIPE, env=clean_environment(), text=True, timeout=PATIENCE
    )
    return result.returncode, result.stderr


def at(server, line):
    return [*line.split(), "--admin", server.admin[0]]


def test_what_is_only_shown():
    with Echod() as server:
        for line in ("status", "status --json", "connections", "connections --json", "connections --watch"):
            assert to_full_disk(*at(server, line)) == (1, FULL_DISK), line
            assert to_closed_pipe(*at(server, line)) == (-signal.SIGPIPE, ""), line


@pytest.mark.parametrize("line", PRINTED)
def test_what_needs_no_server(line):
    assert to_full_disk(*line.split()) == (1, FULL_DISK)
    assert to_closed_pipe(*line.split()) == (-signal.SIGPIPE, "")


def test_what_was_asked_has_been_done_all_the_same():
    with Echod() as server:
        assert to_full_disk(*at(server, "drain --wait")) == (1, DONE) and server.state == "drained"
        assert to_full_disk(*at(server, "undrain")) == (1, DONE) and server.state == "serving"
        assert to_closed_pipe(*at(server, "drain --json")) == (-signal.SIGPIPE, "")
        server.await_state("drained")
        assert to_closed_pipe(*at(server, "undrain --json")) == (-signal.SIGPIPE, "") and server.state == "serving"
        assert to_full_disk(*at(server, "shutdown")) == (1, DONE) and server.exit_code() == 0


def test_nothing_to_write_fails_nothing():
    """Refusals, usage and a wait that is over have their words on standard error, and their codes."""
    with Echod() as server, half_typed(server):
        code, error = to_full_disk(*at(server, "drain --wait=100ms"))
        assert code == 4 and error.startswith("echod: the drain goes on: ") and FULL_DISK not in error
    assert to_full_disk("status", "--admin", NOBODY)[0] == 1
    assert to_full_disk("status", "--nonsense")[0] == 64


def test_a_probe_s_answer_is_its_code():
    """A full disk or a reader that left must not have a healthy service restarted."""
    with Echod() as server:
        assert to_full_disk(*at(server, "probe readyz")) == (0, FULL_DISK)
        assert to_closed_pipe(*at(server, "probe readyz")) == (0, "")
        assert command(server, "drain").returncode == 0
        assert to_full_disk(*at(server, "probe readyz")) == (1, FULL_DISK)
        assert to_closed_pipe(*at(server, "probe readyz")) == (1, "")


def test_a_slow_reader_of_a_pipe_that_does_not_block_gets_it_all():
    words = [BINARY, "--generate-completion-script", "zsh"]
    whole = subprocess.run(words, stdout=subprocess.PIPE, env=clean_environment(), timeout=PATIENCE).stdout
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    # Nothing more fits until something is read.
    filler = 0
    while True:
        try:
            filler += os.write(writer, b"." * 4096)
        except BlockingIOError:
            break
    with open(reader, "rb") as pipe:
        child = subprocess.Popen(words, stdout=writer, env=clean_environment())
        try:
            os.close(writer)
            eventually(lambda: Process(child.pid).is_asleep or child.poll() is not None, "a child that waits")
            assert pipe.read()[filler:] == whole and child.wait(PATIENCE) == 0
        finally:
            child.kill()
            child.wait()
