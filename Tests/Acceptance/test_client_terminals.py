"""The client commands on a terminal, and what they leave out without one."""

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios

import pytest
from commands import NOBODY, half_typed, start
from echod import BINARY, PATIENCE, Echod, clean_environment, eventually, run


ENTERED, LEFT = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"


class Screen:
    """A terminal with one command in the foreground."""

    def __init__(self, *arguments, size=(24, 80), variables=None, streams=("stdin", "stdout", "stderr")):
        self.keyboard, self._slave = pty.openpty()
        os.set_blocking(self.keyboard, False)
        self.resize(size)
        self.text = ""
        self.child = subprocess.Popen(
            [BINARY, *arguments],
            env=clean_environment({"TERM": "xterm"} | (variables or {})),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            **{stream: self._slave for stream in streams},
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        os.close(self._slave)
        os.close(self.keyboard)

    def resize(self, size):
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))

    def read(self):
        with contextlib.suppress(BlockingIOError):
            while part := os.read(self.keyboard, 65536):
                self.text += part.decode()
        return self.text

    def shows(self, pattern, after=0):
        return eventually(lambda: re.search(pattern, self.read()[after:]), f"{pattern} on the terminal")

    def press(self, keys):
        os.write(self.keyboard, keys)

    def end(self):
        code = self.child.wait(PATIENCE)
        return code, self.read()


@pytest.mark.parametrize(
    "variables, is_coloured", [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, True)],
)
def test_colour_on_a_terminal_only(variables, is_coloured):
    with Echod() as server, Screen("status", "--admin", server.admin[0], variables=variables) as screen:
        code, text = screen.end()
        assert code == 0 and "serving" in text and ("\x1b[32mserving\x1b[0m" in text) == is_coloured
        assert is_coloured or "\x1b" not in text


def test_a_table_fits_the_terminal():
    with Echod() as server, server.client() as client:
        server.await_active(1)
        with Screen("connections", "--admin", server.admin[0], size=(24, 40)) as screen:
            code, text = screen.end()
        assert code == 0 and client.name in text and max(map(len, text.splitlines())) <= 40


def watching(server, **options):
    return Screen("connections", "--watch", "--admin", server.admin[0], **options)


@pytest.mark.parametrize("key, number", [(b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT)])
def test_watching_redraws_and_gives_the_screen_back(key, number):
    with Echod() as server, watching(server) as screen:
        screen.shows(r"0 of 0 connections")
        assert screen.text.startswith(ENTERED)
        with server.client() as client:
            screen.shows(rf"1 of 1 connections(?s:.*){client.name}")
        screen.shows(r"1 of 1(?s:.*)0 of 0")
        assert screen.text.count(ENTERED) == 1 and LEFT not in screen.text
        screen.press(key)
        code, text = screen.end()
        assert code == -number
        assert text.count(LEFT) == 1 and re.fullmatch(r"\^[C\\]", text.split(LEFT)[1] or "^C")


def test_watching_follows_the_size_and_ctrl_z():
    with Echod() as server, contextlib.ExitStack() as clients:
        for _ in range(12):
            clients.enter_context(server.client())
        server.await_active(12)
        with watching(server) as screen:
            screen.shows(r"12 of 12 connections(?s:.*)\x1b\[J")
            mark = len(screen.read())
            screen.resize((8, 30))
            # At once, not only with the next answer.
            frame = screen.shows(r"\x1b\[H((?:\x1b\[K|[^\x1b])*\.\.\. and 8 more)", mark)[1]
            lines = frame.replace("\x1b[K", "").replace("\r", "").split("\n")
            assert len(lines) == 8 and max(map(len, lines)) <= 30, lines
            screen.press(b"\x1a")
            # The terminal's own ^Z may come before what the command writes, or after it.
            eventually(lambda: screen.read().removesuffix("^Z").endswith(LEFT), "the screen of before")
            mark = len(screen.text)
            eventually(lambda: status_of(screen.child.pid) == "T", "a stopped process")
            os.kill(screen.child.pid, signal.SIGCONT)
            screen.shows(re.escape(ENTERED), mark)
            screen.child.terminate()
            assert screen.end()[0] == -signal.SIGTERM and screen.text.endswith(LEFT)


def status_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


NO_MORE = "echod: the server no longer answers: "
NO_MORE_ADVICE = "\nif it ended, its exit code, log or --report says how\n"


def test_watching_a_server_that_goes():
    with Echod() as server, watching(server) as screen:
        screen.shows("0 of 0")
        os.kill(server.pid, signal.SIGKILL)
        code, text = screen.end()
        assert code == 1 and text.split(LEFT)[1].replace("\r", "").endswith(NO_MORE_ADVICE)
        assert text.split(LEFT)[1].startswith(NO_MORE)


def test_watching_a_server_that_goes_or_never_was_without_a_terminal():
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with Echod() as server:
        with start("connections", "--watch", "--admin", server.admin[0], **pipes) as child:
            assert child.stdout.readline().startswith("ID  PEER")
            os.kill(server.pid, signal.SIGKILL)
            error = child.communicate(timeout=PATIENCE)[1]
            assert child.returncode == 1 and error.startswith(NO_MORE) and error.endswith(NO_MORE_ADVICE)
    never = run("connections", "--watch", "--admin", NOBODY)
    assert (never.returncode, never.stdout) == (1, "")
    assert never.stderr.startswith(f"echod: cannot connect to {NOBODY}: ") and "is echod running" in never.stderr


def test_watching_without_a_terminal_is_a_table_a_second():
    with Echod() as server:
        child = start("connections", "--watch", "--admin", server.admin[0], stdout=subprocess.PIPE, text=True)
        with child:
            lines = [child.stdout.readline() for _ in range(5)]
            assert lines[0].startswith("ID  PEER") and lines[0] == lines[3]
            assert lines[1:3] == ["0 of 0\n", "\n"] and lines[4] == "0 of 0\n"
            # As `| head` does: the next table finds no reader, and nothing is printed.
            child.stdout.close()
            assert child.wait(PATIENCE) == -signal.SIGPIPE
        pipe = f'"{BINARY}" connections --watch --json --admin {server.admin[0]} | head -n 1'
        result = subprocess.run(["sh", "-c", pipe], capture_output=True, text=True, timeout=PATIENCE)
        assert json.loads(result.stdout)["total"] == 0 and result.stderr == ""


def test_waiting_on_a_terminal_shows_what_it_waits_for():
    with Echod() as server, half_typed(server) as client:
        with Screen("drain", "--wait", "--admin", server.admin[0], size=(24, 60)) as screen:
            screen.shows(r"\rdraining, 1 connection left \(1 partial_line\), \d+ s left\x1b\[K")
            client.send(b"o\n")
            assert client.receive(4) == b"TWO\n"
            client.close()
            code, text = screen.end()
        assert code == 0
        # The line is erased before the summary, and nothing else was written.
        progress, summary = text.rsplit("\r\x1b[K", 1)
        assert re.fullmatch(r"clean: 1 connection closed, nothing lost, took \d+\.\d s\r\n", summary)
        assert re.fullmatch(r"(\r[^\r\n\x1b]{0,59}\x1b\[K)*", progress)


def test_ctrl_c_while_waiting_leaves_no_line_behind():
    with Echod() as server, half_typed(server):
        with Screen("drain", "--wait", "--admin", server.admin[0]) as screen:
            screen.shows("1 connection left")
            screen.press(b"\x03")
            code, text = screen.end()
        assert code == -signal.SIGINT
        # The terminal's own ^C comes before what the command writes, or after it.
        words = "\r\x1b[Kechod: stopped waiting; the drain continues\r\n"
        assert text.replace("^C", "").endswith(words)
        assert server.state == "draining"


def test_progress_is_for_terminals_and_people():
    with Echod() as server, half_typed(server):
        for flags, streams in ((["--json"], ("stdin", "stdout", "stderr")), ([], ("stdin", "stdout"))):
            arguments = ["drain", "--wait=700ms", *flags, "--admin", server.admin[0]]
            with Screen(*arguments, streams=streams) as screen:
                code, text = screen.end()
            assert code == 4 and "\x1b" not in text
            assert flags == [] or json.loads(text.splitlines()[0])["state"] == "draining"
