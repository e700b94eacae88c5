"""HUP and USR1, and what a person at a terminal is told."""

import contextlib
import datetime
import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import termios

from echod import BINARY, LOOPBACK, Client, Echod, clean_environment, eventually


class Terminal:
    """echod as the foreground job of a terminal of its own. `log`: a file that takes its standard error instead."""

    def __init__(self, *arguments, log=None, prepare=lambda: None):
        self.keyboard, slave = pty.openpty()
        os.set_blocking(self.keyboard, False)
        self._screen = b""

        def enter():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            prepare()

        self.child = subprocess.Popen(
            [BINARY, "--listen", LOOPBACK, "--admin", "none", *arguments],
            env=clean_environment(),
            stdin=slave,
            stdout=slave,
            stderr=log or slave,
            start_new_session=True,
            preexec_fn=enter,
        )
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        self.hang_up()

    @property
    def screen(self):
        with contextlib.suppress(BlockingIOError, OSError):
            while part := os.read(self.keyboard, 4096):
                self._screen += part
        return self._screen.decode()

    def shows(self, pattern):
        """Waits for a line, and returns the match."""
        return eventually(lambda: re.search(pattern, self.screen), f"{pattern} on the terminal")

    def client(self):
        return Client(self.shows(r"serving .*listen=(\S+)")[1])

    def interrupt(self):
        os.write(self.keyboard, b"\x03")

    def hang_up(self):
        if self.keyboard >= 0:
            os.close(self.keyboard)
        self.keyboard = -1


def half_typed(client):
    """A client whose line keeps a drain waiting; its first line was answered, so the second is here as well."""
    assert client.asks(b"one\n") == b"ONE\n"
    client.send(b"tw")
    return client


def moments(screen, word):
    stamps = re.findall(rf"^(\S+)Z notice {word}", screen, re.M)
    return [datetime.datetime.fromisoformat(stamp) for stamp in stamps]


def test_interrupts_on_a_terminal():
    with Terminal("--drain-timeout", "20s") as terminal:
        clients = [half_typed(terminal.client()) for _ in range(3)]
        terminal.interrupt()
        terminal.shows(r"notice draining 3 connections, at most 20 s; press Ctrl-C again to cut them\r?\n")
        terminal.shows(r"notice waiting for 3 connections \(3 partial_line\), \d+ s left\r?\n")
        clients.pop().close()
        terminal.shows(r"notice waiting for 2 connections \(2 partial_line\), \d+ s left\r?\n")
        terminal.interrupt()
        assert terminal.child.wait(20) == 2
        screen = terminal.screen
        said = moments(screen, "draining 3") + moments(screen, "waiting")
        # A stamp is cut off to a millisecond.
        gaps = [(later - former).total_seconds() for former, later in zip(said, said[1:])]
        assert all(gap >= 0.998 for gap in gaps), gaps
        assert screen.count("press Ctrl-C again") == 1
        for client in clients:
            client.close()


def test_interrupt_without_connections():
    with Terminal("--accept-linger", "1s") as terminal:
        terminal.shows("notice serving")
        terminal.interrupt()
        terminal.shows("notice draining, no connections")
        assert terminal.child.wait(20) == 0
        assert "waiting for" not in terminal.screen


def test_terminate_on_a_terminal_gives_no_advice():
    """The sender of the signal is not at the terminal."""
    with Terminal("--drain-timeout", "2s") as terminal, half_typed(terminal.client()):
        terminal.child.terminate()
        assert terminal.child.wait(20) == 2
        assert "Ctrl-C" not in terminal.screen and "waiting for" not in terminal.screen


def test_no_notices_without_a_terminal():
    with Echod("--drain-timeout", "2s") as server, half_typed(server.client()):
        server.signal(signal.SIGINT)
        assert server.exit_code() == 2
        assert b"Ctrl-C" not in server.log and b"waiting for" not in server.log


def test_no_notices_in_a_log_file(tmp_path):
    """`2>log`: the keyboard works, but the person there does not see the words."""
    with open(tmp_path / "log", "w+") as log, Terminal("--drain-timeout", "2s", log=log) as terminal:
        text = lambda: (tmp_path / "log").read_text()
        address = eventually(lambda: re.search(r"serving .*listen=(\S+)", text()), "serving")[1]
        with half_typed(Client(address)):
            terminal.interrupt()
            assert terminal.child.wait(20) == 2
        assert "signal=INT" in text() and "Ctrl-C" not in text() and "waiting for" not in text()


def test_terminal_that_goes_away(tmp_path):
    """HUP is the end of the session, and counts as TERM."""
    path = tmp_path / "report"
    with Terminal("--report", str(path)) as terminal:
        with terminal.client() as client:
            assert client.asks(b"one\n") == b"ONE\n"
            terminal.hang_up()
            assert client.receive_all() == b""
        assert terminal.child.wait(20) == 0
    status = json.loads(path.read_text())
    assert (status["exit_code"], status["drain"]["trigger"]) == (0, "signal:TERM")


def test_hang_up_that_was_ignored_from_the_start():
    """`trap '' HUP`, or nohup: to outlive the session is what they are for."""
    with Terminal(prepare=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as terminal:
        with terminal.client() as client:
            terminal.child.send_signal(signal.SIGHUP)
            terminal.shows("there is no configuration file")
            assert client.asks(b"still here\n") == b"STILL HERE\n"
        terminal.child.terminate()
        assert terminal.child.wait(20) == 0


def test_hang_up_without_a_terminal():
    with Echod() as server, server.client() as client:
        server.signal(signal.SIGHUP)
        server.logged("there is no configuration file")
        assert client.asks(b"still here\n") == b"STILL HERE\n"
        assert server.state == "serving"


def test_user_signal_logs_the_status():
    with Echod("--log-format", "json") as server, half_typed(server.client()):
        server.signal(signal.SIGUSR1)
        line = json.loads(server.logged('"message":"status"'))
        assert (line["level"], line["state"], line["active"], line["received"]) == ("notice", "serving", "1", "6")
        server.post("/drain")
        server.await_state("draining")
        eventually(lambda: server.status()["drain"]["blocked_on"] == {"partial_line": 1}, "the wait for a line")
        server.signal(signal.SIGUSR1)
        line = json.loads(server.logged('"message":"status"', '"state":"draining"'))
        assert (line["drain"], line["blocked_on_partial_line"]) == ("1", "1")
