"""Every exit code on every way to the process's end, and the report that tells the same."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest
from echod import BINARY, LOOPBACK, Client, Echod, check_sums, clean_environment, eventually, run

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace")
# Seconds after the deadline, and what a busy machine adds to timers and to our checks.
LATEST_EXIT = 2 + 0.5


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "report")


def content(path):
    with open(path, "rb") as file:
        return file.read()


def report(path, code):
    """The report: one line, small enough, sound, and with the exit code that the process had."""
    line = content(path)
    assert line.endswith(b"\n") and line.count(b"\n") == 1 and len(line) <= 4096
    status = json.loads(line)
    assert line == (json.dumps(status, sort_keys=True, separators=(",", ":")) + "\n").encode()
    assert (status["exit_code"], status["state"], status["ready"]) == (code, "exiting", False)
    check_sums(status)
    return status


STRACE = ("strace", "-qq", "-o", "/dev/null")


class Traced:
    """echod under strace, which is not its parent (-D) and has to be gone before a delayed thread can be."""

    def __init__(self, rules, *arguments):
        self.child = subprocess.Popen(
            [*STRACE, "-D", "-f", *rules, BINARY, *arguments], env=clean_environment(), stderr=subprocess.PIPE
        )
        self.pid = self.child.pid
        self.tracer = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.release()
        self.child.communicate()

    def await_start(self):
        eventually(lambda: os.readlink(f"/proc/{self.pid}/exe") == os.path.realpath(BINARY), "echod")
        self.tracer = eventually(lambda: int(_field(f"/proc/{self.pid}/status", "TracerPid:")), "strace")

    def logged(self, word):
        """Reads the log up to a line with `word`."""
        while word not in (line := self.child.stderr.readline().decode()):
            assert line, f"the end of the log instead of {word}"
        return line

    def release(self):
        """Delayed threads go on, or end if they must."""
        if self.tracer:
            os.kill(self.tracer, signal.SIGKILL)
        self.tracer = 0


def _field(path, name):
    with open(path) as file:
        return next(line.split()[1] for line in file if line.startswith(name))


def _thread(pid, name):
    """The id of a thread by its name, or None."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm") as file:
            if file.read().strip() == name:
                return task
    return None


# ---------------------------------------------------------------------------------------------- 0


def test_orderly_exit(path):
    with Echod("--report", path) as server:
        with server.client() as client:
            assert client.asks(b"one\ntwo\n") == b"ONE\nTWO\n"
        server.await_active(0)
        serving = server.status()
        assert content(path) == b""
        server.signal(signal.SIGTERM)
        assert server.exit_code() == 0
        ended = report(path, 0)
    assert set(ended) == set(serving)
    for key in ("listen", "admin", "pid", "version", "bytes", "connections", "lines"):
        assert ended[key] == serving[key], key
    drain = ended["drain"]
    assert (drain["result"], drain["trigger"], drain["intent"]) == ("clean", "signal:TERM", "exit")
    assert (drain["deadline_in_ms"], drain["blocked_on"]) == (None, {})


def test_what_the_last_process_left_stays_until_the_end(path):
    with open(path, "w") as file:
        file.write("x" * 10_000)
    before = os.stat(path)
    with Echod(variables={"ECHOD_REPORT": path}) as server:
        assert content(path) == b"x" * 10_000
        server.signal(signal.SIGINT)
        assert server.exit_code() == 0
    assert report(path, 0)["drain"]["trigger"] == "signal:INT"
    assert os.stat(path).st_ino == before.st_ino


def test_who_waits_for_the_shutdown_finds_the_report(path):
    """It is there before the admin is gone."""
    with Echod("--report", path) as server:
        answer = server.post("/shutdown?wait")
        assert answer.code == 200
        eventually(lambda: not _admin_answers(server), "the end of the admin")
        assert report(path, 0)["drain"]["trigger"] == "api"
        assert server.exit_code() == 0


def _admin_answers(server):
    try:
        return server.get("/livez").code == 200
    except OSError:
        return False


@needs_strace
def test_signal_while_names_are_resolved(path):
    """The resolver is kept waiting for longer than this test has patience: the signal does not wait for it."""
    slow = ["-P", "/etc/hosts", "-e", "inject=all:delay_enter=60000000"]
    with Traced(slow, "--listen", "name.invalid:0", "--admin", "none", "--report", path) as echod:
        echod.await_start()
        eventually(lambda: _thread(echod.pid, "echod-resolver"), "the resolver's thread")
        os.kill(echod.pid, signal.SIGUSR1)
        assert "state=starting" in echod.logged(" status ")
        os.kill(echod.pid, signal.SIGTERM)
        echod.logged("exit code=0")
        echod.release()
        assert echod.child.wait(20) == 0
    status = report(path, 0)
    assert (status["drain"], status["listen"]) == (None, [])


@needs_strace
def test_signal_while_sockets_are_bound(path, tmp_path):
    """It is pending when the service begins, and then no client is let in any more."""
    admin = str(tmp_path / "admin")
    slow = ["-e", "trace=listen", "-e", "inject=listen:delay_enter=4000000"]
    arguments = ["--listen", LOOPBACK, "--admin", f"unix:{admin}", "--accept-linger", "0s", "--report", path]
    with Traced(slow, *arguments) as echod:
        echod.await_start()
        eventually(lambda: os.path.exists(admin), "the admin's socket file, bound and not yet listened on")
        os.kill(echod.pid, signal.SIGTERM)
        echod.release()
        assert echod.child.wait(20) == 0
        assert b" notice serving" not in echod.child.stderr.read()
    status = report(path, 0)
    assert (status["drain"], status["listen"]) == (None, [])
    assert not os.path.exists(admin)


# ---------------------------------------------------------------------------------------------- 1


def failed_start(path, *arguments, code=1):
    result = run("--report", path, *arguments)
    assert result.returncode == code, result.stderr
    return result.stderr


def in_use(address, option):
    remedy = f"stop the program that listens there, or choose another address with {option}"
    return f"critical cannot start: {address} is already in use; {remedy}\n"


def test_listener_in_use(path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = "127.0.0.1:%d" % other.getsockname()[1]
        log = failed_start(path, "--listen", address, "--admin", LOOPBACK)
    assert in_use(address, "--listen") in log
    assert report(path, 1)["drain"] is None


def test_admin_in_use(path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = "127.0.0.1:%d" % other.getsockname()[1]
        log = failed_start(path, "--listen", LOOPBACK, "--admin", address)
    assert in_use(address, "--admin") in log
    report(path, 1)


def test_name_that_does_not_resolve(path):
    log = failed_start(path, "--listen", "name.invalid:8888", "--admin", "none")
    assert "cannot start: cannot resolve name.invalid:8888: " in log
    report(path, 1)


def test_no_descriptors_left(path):
    """The descriptor limit leaves none for a client."""
    result = subprocess.run(
        ["sh", "-c", 'ulimit -n 9; exec "$0" "$@"', BINARY, "--listen", LOOPBACK, "--admin", "none"]
        + ["--loops", "8", "--max-connections", "1", "--report", path],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert result.returncode == 1 and "the descriptor limit is 9" in result.stderr
    report(path, 1)


@pytest.mark.parametrize("place", ["/nowhere/report", "/tmp"])
def test_report_that_cannot_be_opened(place):
    log = failed_start(place, "--listen", LOOPBACK, "--admin", "none")
    assert len(log.splitlines()) == 1 and f"cannot open the report file {place} (--report): " in log


# ---------------------------------------------------------------------------------------------- 2 and 3


def half_typed(server):
    """A client that keeps a drain waiting: its line is not finished."""
    client = server.client()
    client.send(b"half a li")
    eventually(lambda: (row := server.row(client)) and row["partial_line"] == 9, "the beginning of a line")
    return client


def test_deadline(path):
    with Echod("--report", path, "--drain-timeout", "1s") as server, half_typed(server):
        begin = time.monotonic()
        server.signal(signal.SIGTERM)
        assert server.exit_code() == 2
        assert 1 <= time.monotonic() - begin <= 1 + LATEST_EXIT
        status = report(path, 2)
    drain = status["drain"]
    assert (drain["result"], drain["timeout_ms"], drain["incomplete"]) == ("forced", 1000, 9)
    assert (drain["lost_received"], drain["lost_sent"]) == (0, 0)
    assert status["connections"]["closed"]["forced"] == 1


def test_second_signal(path):
    with Echod("--report", path) as server, half_typed(server):
        server.signal(signal.SIGTERM)
        server.await_state("draining")
        # A signal that comes within half a second is the same request.
        eventually(lambda: server.status()["in_state_ms"] >= 500, "half a second of draining")
        server.signal(signal.SIGTERM)
        assert server.exit_code() == 2
        assert report(path, 2)["connections"]["closed"]["forced"] == 1


def test_quit(path):
    with Echod("--report", path) as server, half_typed(server) as client:
        server.signal(signal.SIGQUIT)
        client.receive_until_reset()
        assert server.exit_code() == 2
        drain = report(path, 2)["drain"]
    assert (drain["mode"], drain["trigger"], drain["result"]) == ("abort", "signal:QUIT", "forced")


def test_answers_that_nobody_takes_are_lost(path):
    with Echod("--report", path, "--drain-timeout", "1s") as server:
        with Client(server.address, receive_buffer=4096) as client:
            client.send_until_blocked(b"a line of which the answer is never read\n" * 100)
            server.signal(signal.SIGTERM)
            assert server.exit_code() == 3
        status = report(path, 3)
    drain = status["drain"]
    assert drain["result"] == "lost" and drain["lost_received"] + drain["lost_sent"] > 0
    assert status["connections"]["closed"]["forced"] == 1


# The loop of the only connection is stuck in a system call, so nothing can be ended in order.


@contextlib.contextmanager
def stuck(server, client):
    """The loop of the only client is held by strace for as long as the block runs."""
    loop = eventually(lambda: _thread(server.pid, "echod-loop-0"), "the loop's thread")
    fault = ["-e", "trace=recvfrom", "-e", "inject=recvfrom:delay_enter=60000000"]
    with subprocess.Popen([*STRACE, *fault, "-p", loop]) as tracer:
        try:
            status = f"/proc/{server.pid}/task/{loop}/status"
            eventually(lambda: _field(status, "TracerPid:") != "0", "strace")
            client.send(b"this is read a minute later\n")
            eventually(lambda: _field(status, "State:") == "t", "a loop that strace holds")
            yield
        finally:
            tracer.kill()


@needs_strace
def test_stuck_loop(path):
    """The 1.5 s of the orderly end are over."""
    with Echod("--loops", "1", "--report", path, "--drain-timeout", "500ms") as server, server.client() as client:
        with stuck(server, client):
            begin = time.monotonic()
            server.signal(signal.SIGTERM)
            server.logged("ending at once", "code=2")
            assert time.monotonic() - begin <= 0.5 + LATEST_EXIT
        assert server.exit_code() == 2
        status = report(path, 2)
    assert (status["drain"]["result"], status["connections"]["active"]) == ("forced", 1)


@needs_strace
def test_third_signal(path, tmp_path):
    """While connections are being cut, a signal ends the process without waiting; socket files are removed."""
    admin = str(tmp_path / "admin")
    arguments = ["--loops", "1", "--report", path]
    with Echod(*arguments, admin=[f"unix:{admin}"]) as server, server.client() as client:
        with stuck(server, client):
            server.signal(signal.SIGTERM)
            server.logged(" draining ")
            draining = time.monotonic()
            eventually(lambda: time.monotonic() > draining + 0.5, "half a second, from which on a signal counts again")
            server.signal(signal.SIGTERM)
            server.logged(" forcing ")
            server.signal(signal.SIGTERM)
            server.logged("ending at once", "code=2")
        assert server.exit_code() == 2
        status = report(path, 2)
    assert status["drain"]["result"] == "forced"
    assert not os.path.exists(admin)


# ---------------------------------------------------------------------------------------------- 64


def test_bad_usage_leaves_the_report_alone(path):
    """Nothing was started: not even the content of a report is known."""
    failed_start(path, "--drain-timeout", "20", code=64)
    assert not os.path.exists(path)


def test_empty_path_is_bad_usage():
    log = failed_start("", code=64)
    assert "--report" in log


# ---------------------------------------------------------------------------------------------- unwritable


def ends_well_without_report(path):
    with Echod("--report", path) as server:
        server.signal(signal.SIGTERM)
        assert server.exit_code() == 0
        server.logged("error", f"cannot write the report file {path}")


def test_full_disk():
    ends_well_without_report("/dev/full")


def test_fifo_without_reader(path):
    os.mkfifo(path)
    ends_well_without_report(path)


def test_fifo(path):
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with Echod("--report", path) as server:
            server.signal(signal.SIGTERM)
            assert server.exit_code() == 0
        assert json.loads(os.read(reader, 8192))["exit_code"] == 0
    finally:
        os.close(reader)


def test_closed_standard_streams(path, tmp_path):
    """Neither the report nor a client takes the descriptor of standard error."""
    echo = str(tmp_path / "echo")
    arguments = ["--listen", f"unix:{echo}", "--admin", "none", "--report", path]
    with subprocess.Popen(
        ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', BINARY, *arguments], env=clean_environment()
    ) as child:
        try:
            eventually(lambda: _accepts(echo), "a listener")
            with Client(f"unix:{echo}") as client:
                assert client.asks(b"hello\n") == b"HELLO\n"
            child.terminate()
            assert child.wait(20) == 0
        finally:
            child.kill()
    assert report(path, 0)["lines"] == 1


def _accepts(path):
    try:
        Client(f"unix:{path}").close()
    except OSError:
        return False
    return True


def test_more_addresses_than_fit(path):
    # All of them fit into the line of the log from which the tests take them, which is as long, and has less else.
    listen = [f"127.0.0.{number + 1}:0" for number in range(200)]
    with Echod("--report", path, listen=listen) as server:
        server.signal(signal.SIGTERM)
        assert server.exit_code() == 0
    addresses = report(path, 0)["listen"]
    assert addresses[-1] == f"... {201 - len(addresses)} more"
