"""The client commands: status, connections, drain, undrain, shutdown, probe."""

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import tempfile
import termios

import pytest
from drains import Namespace
from echod import (
    BINARY,
    LOOPBACK,
    PATIENCE,
    Background,
    Client,
    Echod,
    ask,
    clean_environment,
    endpoint,
    eventually,
    run,
)

NOBODY = "127.0.0.1:1"


@pytest.fixture
def directory():
    # A socket's path must be short: pytest's own directories are not.
    with tempfile.TemporaryDirectory(prefix="echod-", dir="/tmp") as path:
        yield path


@pytest.fixture(params=["tcp", "unix"])
def server(request, directory):
    admin = LOOPBACK if request.param == "tcp" else f"unix:{directory}/admin"
    with Echod(admin=(admin,)) as server:
        yield server


def command(server, *arguments, **options):
    """Runs one against the first admin address of a server."""
    return run(*arguments, "--admin", server.admin[0], **options)


def outcome(result):
    return result.returncode, result.stdout, result.stderr


def half_typed(server):
    """A client that a drain waits for: its first line was answered, the second is here and never ends."""
    client = server.client()
    assert client.asks(b"one\n") == b"ONE\n"
    client.send(b"tw")
    server.await_row(client, partial_line=2)
    return client


# ------------------------------------------------------------------------------------------ a whole life


def test_a_life_in_commands(server):
    with server.client() as client:
        assert client.asks(b"hello\n") == b"HELLO\n"
        status = command(server, "status")
        assert (status.returncode, status.stderr) == (0, "")
        rows = dict(re.findall(r"^(\S.*?)  +(.*)$", status.stdout, re.M))
        assert rows["connections"] == "1 active of 1 accepted" and rows["lines"] == "1"
        assert rows["state"].startswith("serving for ") and rows["listen"] == server.address
        assert "\x1b" not in status.stdout

        exact = command(server, "status", "--json").stdout
        assert exact.count("\n") == 1 and json.loads(exact).keys() == server.status().keys()

        listed = command(server, "connections", "--sort=age", "--state", "open", "--peer", client.name)
        assert listed.returncode == 0 and listed.stdout.splitlines()[-1] == "1 of 1"
        assert re.search(rf"^ +1  {client.name} .* open ", listed.stdout, re.M)
        assert json.loads(command(server, "connections", "--json").stdout)["connections"][0]["lines"] == 1

    for probe in ("livez", "readyz", "startupz"):
        assert outcome(command(server, "probe", probe)) == (0, "ok\n", "")
    server.await_active(0)
    assert re.fullmatch(r"clean: 0 connections closed, nothing lost, took \d+\.\d s\n", waits(server, "drain"))
    assert outcome(command(server, "probe", "readyz")) == (1, "drained\n", "")
    assert outcome(command(server, "drain")) == (0, "drained, clean\n", "")
    assert outcome(command(server, "undrain")) == (0, "serving\n", "")
    assert waits(server, "shutdown").startswith("clean: ")
    assert server.exit_code() == 0 and server.nothing_is_left()


def waits(server, verb):
    result = command(server, verb, "--wait")
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def test_addresses_come_from_serve_s_environment(server):
    variables = {"ECHOD_ADMIN": f"none, {server.admin[0]},{NOBODY}"}
    assert outcome(run("probe", "livez", variables=variables)) == (0, "ok\n", "")
    assert run("probe", "livez", "--admin", NOBODY, variables=variables).returncode == 1


@pytest.mark.parametrize("form", [":{}", "0.0.0.0:{}", "[::]:{}", "localhost:{}"])
def test_every_interface_means_loopback(form):
    with Echod(admin=(":0",)) as server:
        port = server.admin[0].rpartition(":")[2]
        assert outcome(run("probe", "readyz", "--admin", form.format(port))) == (0, "ok\n", "")


def test_a_probe_needs_nothing_but_the_binary():
    with Echod() as server:
        words = [BINARY, "probe", "readyz", "--admin", server.admin[0]]
        assert subprocess.run(words, env={}, cwd="/", timeout=PATIENCE, stdout=subprocess.DEVNULL).returncode == 0
        # The streams may be closed, too: only the code counts.
        shell = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *words]
        assert subprocess.run(shell, timeout=PATIENCE).returncode == 0
        assert command(server, "drain").returncode == 0
        assert subprocess.run(shell, timeout=PATIENCE).returncode == 1


# ------------------------------------------------------------------------------------------ exit codes


@pytest.mark.parametrize("verb", ["status", "connections", "drain", "undrain", "shutdown", "probe livez"])
def test_1_nobody_answers(verb, directory):
    for admin in (NOBODY, f"unix:{directory}/none"):
        result = run(*verb.split(), "--admin", admin)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.startswith(f"echod: cannot connect to {admin}: ")
    assert run("status", "--admin", "no-such-host.invalid:1").returncode == 1


def test_1_refused(server):
    too_long = command(server, "drain", "--delay", "1h")
    assert (too_long.returncode, too_long.stdout) == (1, "") and "Give a shorter delay" in too_long.stderr
    assert server.state == "serving"
    with half_typed(server):
        os.kill(server.pid, signal.SIGTERM)
        server.await_state("draining")
        result = command(server, "undrain")
        assert (result.returncode, result.stdout) == (1, "") and "signal" in result.stderr


def test_2_forced_and_3_lost():
    with Echod() as server, half_typed(server):
        result = command(server, "drain", "--wait", "--timeout=400ms")
        assert result.returncode == 2 and result.stdout.startswith("forced: 1 connection closed, nothing lost, ")
        assert command(server, "undrain").returncode == 0
        with server.client(receive_buffer=4096) as client:
            client.send_until_blocked(b"never read\n" * 1000)
            result = command(server, "shutdown", "--wait=30s", "--timeout=400ms", "--json")
            status = json.loads(result.stdout)
            assert (result.returncode, status["drain"]["result"], result.stderr) == (3, "lost", "")
        assert server.exit_code() == 3


def test_4_the_wait_is_over_or_somebody_undrained():
    with Echod() as server, half_typed(server):
        over = command(server, "drain", "--wait=200ms")
        assert (over.returncode, over.stdout) == (4, "")
        assert re.match(r"echod: the drain goes on: draining, 1 connection left( \(1 partial_line\))?, \d+ s", over.stderr)
        joined = command(server, "drain", "--timeout=10s")
        assert re.fullmatch(r"joined, draining 1 connection, at most 10 s\n", joined.stdout)
        with Background(command, server, "drain", "--wait") as waiting:
            eventually(lambda: server.status()["drain"]["waiters"] == 1, "a waiter")
            assert command(server, "undrain").returncode == 0
            assert outcome(waiting.result()) == (4, "", "echod: undrained meanwhile: the service is serving\n")


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ("drain --timeout 5", '--timeout "5" (from the command line): a duration needs a unit'),
        ("status --admin 127.0.0.1:0", "port 0"),
        ("status --admin none", "cannot be talked to"),
        ("shutdown --wait 5s", "--wait=DUR"),
        ("status --nonsense", "see echod status --help"),
        ("probe", "see echod probe --help"),
        (f"--admin {NOBODY} status", "options follow the command"),
    ],
)
def test_64_bad_usage(arguments, expected):
    result = run(*arguments.split())
    assert (result.returncode, result.stdout) == (64, "")
    assert result.stderr.startswith("echod: ") and expected in result.stderr


def test_no_waiter_more_is_a_refusal_but_the_drain_goes_on():
    with Echod() as server, half_typed(server), contextlib.ExitStack() as waiters:
        for _ in range(16):
            family, target = endpoint(server.admin[0])
            one = waiters.enter_context(socket.socket(family, socket.SOCK_STREAM))
            one.connect(target)
            one.sendall(b"POST /drain?wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
        eventually(lambda: (server.status()["drain"] or {}).get("waiters") == 16, "16 waiters")
        result = command(server, "drain", "--wait")
        assert (result.returncode, result.stdout) == (1, "")
        assert "The drain was started or joined all the same" in result.stderr


def test_a_server_that_ends_under_a_waiting_command():
    with Echod() as server, half_typed(server):
        with Background(command, server, "shutdown", "--wait") as waiting:
            eventually(lambda: (server.status()["drain"] or {}).get("waiters") == 1, "a waiter")
            os.kill(server.pid, signal.SIGKILL)
            result = waiting.result()
        assert (result.returncode, result.stdout) == (1, "")
        assert "may have ended before it could answer" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_a_waiting_command_dies_of_signals(number):
    with Echod() as server, half_typed(server):
        child = start("drain", "--wait", "--admin", server.admin[0])
        eventually(lambda: (server.status()["drain"] or {}).get("waiters") == 1, "a waiter")
        child.send_signal(number)
        assert child.wait(PATIENCE) == -number
        assert server.state == "draining"


def start(*arguments, **options):
    return subprocess.Popen([BINARY, *arguments], env=clean_environment(), **options)


# ------------------------------------------------------------------------------------------ other servers


class Impostor:
    """Listens like an admin, keeps what it is sent, and answers each request with the same bytes."""

    def __init__(self, answer, address=LOOPBACK):
        family, target = endpoint(address)
        self.listener = socket.create_server(target, family=family)
        self.requests, self._answer = [], answer
        name = self.listener.getsockname()
        self.address = address if family == socket.AF_UNIX else f"{name[0]}:{name[1]}"

    def __enter__(self):
        self._serving = Background(self._serve)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self._serving.result()
        self.listener.close()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                request = b""
                while b"\r\n\r\n" not in request and (part := client.recv(65536)):
                    request += part
                self.requests.append(request.decode())
                client.sendall(self._answer)


def http(status, body, kind="application/json"):
    body = body.encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def problem(status, detail):
    return http(status, json.dumps({"detail": detail}), "application/problem+json")


@pytest.mark.parametrize(
    "answer, expected",
    [
        (b"", "without an answer"),
        (b"SSH-2.0-OpenSSH\r\n", "no echod admin"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "within the answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "no echod admin"),
        (http(200, '{"state":"serving"}'), "no echod admin"),
        (http(200, "\x1b[2J\x07"), "no echod admin"),
        (problem(404, "\x1b[2JThere is\nno such\x9b thing."), r"\x1b[2JThere is\x0ano such\xc2\x9b thing."),
        (http(404, "<html>\x1b[2J", "text/html"), r"HTTP status 404: <html>\x1b[2J"),
    ],
    ids=["nothing", "ssh", "short", "chunks", "other", "controls", "problem", "page"],
)
def test_what_is_no_admin_is_told_so_and_cannot_steer_the_terminal(answer, expected):
    with Impostor(answer) as impostor:
        for verb in (["status"], ["status", "--json"], ["connections", "--json"], ["drain"], ["undrain"]):
            result = run(*verb, "--admin", impostor.address)
            assert (result.returncode, result.stdout) == (1, ""), result
            assert result.stderr.startswith("echod: ") and expected in result.stderr
            assert result.stderr.replace("\n", "").isascii() and result.stderr.replace("\n", "").isprintable()


# ------------------------------------------------------------------------------------------ the token


TOKEN = "0123456789abcdef0123456789abcdef"
HEADER = f"\r\nAuthorization: Bearer {TOKEN}\r\n"
UNAUTHORIZED = problem(401, "This needs the token.")


def token_file(directory, contents=TOKEN + "\n"):
    path = os.path.join(directory, "token")
    with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(contents)
    return path


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_the_token_goes_with_what_changes_something(kind, directory):
    path = token_file(directory)
    address = LOOPBACK if kind == "tcp" else f"unix:{directory}/admin"
    with Impostor(UNAUTHORIZED, address) as impostor:
        for variables, flags in (({"ECHOD_ADMIN_TOKEN_FILE": path}, []), ({}, ["--admin-token-file", path])):
            for verb in ("drain", "shutdown", "undrain", "status", "connections", "probe livez"):
                result = run(*verb.split(), "--admin", impostor.address, *flags, variables=variables)
                request = impostor.requests.pop()
                assert (result.returncode, result.stderr) == (1, "echod: This needs the token.\n")
                assert (HEADER in request) == (verb in ("drain", "shutdown", "undrain"))
                host = impostor.address if kind == "tcp" else "localhost"
                assert f"\r\nHost: {host}\r\n" in request and "\r\nConnection: close\r\n" in request


def test_beyond_this_host_the_token_goes_only_when_its_file_is_named(directory):
    path = token_file(directory)
    network = Namespace()
    try:
        network.command("ip", "address", "add", "10.77.0.1/32", "dev", "lo")
        with network.entered():
            impostor = Impostor(UNAUTHORIZED, "10.77.0.1:0")
        with impostor:
            words = [*network.wrapper, BINARY, "drain", "--admin", impostor.address]
            variables = clean_environment({"ECHOD_ADMIN_TOKEN_FILE": path})
            unnamed = subprocess.run(words, env=variables, capture_output=True, text=True, timeout=PATIENCE)
            assert unnamed.returncode == 1 and TOKEN not in impostor.requests.pop()
            assert "name its file with --admin-token-file" in unnamed.stderr
            words += ["--admin-token-file", path]
            named = subprocess.run(words, env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE)
            assert named.returncode == 1 and HEADER in impostor.requests.pop()
            assert named.stderr == "echod: This needs the token.\n"
    finally:
        network.remove()


@pytest.mark.parametrize("contents", ["", "\n", "two\nlines\n", "x" * 5000, "tab\there"])
def test_a_token_that_is_none_is_bad_usage(contents, directory):
    path = token_file(directory, contents)
    result = run("drain", "--admin", NOBODY, variables={"ECHOD_ADMIN_TOKEN_FILE": path})
    assert (result.returncode, result.stdout) == (64, "")
    assert "the environment variable ECHOD_ADMIN_TOKEN_FILE" in result.stderr and "allowed: " in result.stderr
    assert contents.strip() == "" or contents not in result.stderr


def test_a_token_file_that_cannot_be_read_is_bad_usage(directory):
    os.mkfifo(os.path.join(directory, "fifo"))
    for path in (os.path.join(directory, "fifo"), directory, "/dev/zero", os.path.join(directory, "none")):
        result = run("shutdown", "--admin", NOBODY, "--admin-token-file", path)
        assert (result.returncode, result.stdout) == (64, "") and path in result.stderr


# ------------------------------------------------------------------------------------------ terminals


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
            # At once, not with the next answer only.
            frame = screen.shows(r"\x1b\[H((?:\x1b\[K|[^\x1b])*\.\.\. and 8 more)", mark)[1]
            lines = frame.replace("\x1b[K", "").replace("\r", "").split("\n")
            assert len(lines) == 8 and max(map(len, lines)) <= 30, lines
            screen.press(b"\x1a")
            eventually(lambda: screen.read().endswith(LEFT), "the screen of before")
            mark = len(screen.text)
            eventually(lambda: status_of(screen.child.pid) == "T", "a stopped process")
            os.kill(screen.child.pid, signal.SIGCONT)
            screen.shows(re.escape(ENTERED), mark)
            screen.child.terminate()
            assert screen.end()[0] == -signal.SIGTERM and screen.text.endswith(LEFT)


def status_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def test_watching_a_server_that_goes():
    with Echod() as server, watching(server) as screen:
        screen.shows("0 of 0")
        os.kill(server.pid, signal.SIGKILL)
        code, text = screen.end()
        assert code == 1 and text.split(LEFT)[1].startswith("echod: cannot connect to ")


def test_watching_without_a_terminal_is_a_table_a_second():
    with Echod() as server:
        child = start("connections", "--watch", "--admin", server.admin[0], stdout=subprocess.PIPE, text=True)
        with child:
            lines = [child.stdout.readline() for _ in range(5)]
            assert lines[0].startswith("ID  PEER") and lines[0] == lines[3]
            assert lines[1:3] == ["0 of 0\n", "\n"] and lines[4] == "0 of 0\n"
            # As `| head` does: the next table finds nobody, and no word is said.
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
        # The line is taken away before the summary, and nothing else was written.
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
        assert text.endswith("\r\x1b[Kechod: waits no longer; what was asked for goes on\r\n")
        assert server.state == "draining"


def test_progress_is_for_terminals_and_people():
    with Echod() as server, half_typed(server):
        for flags, streams in ((["--json"], ("stdin", "stdout", "stderr")), ([], ("stdin", "stdout"))):
            arguments = ["drain", "--wait=700ms", *flags, "--admin", server.admin[0]]
            with Screen(*arguments, streams=streams) as screen:
                code, text = screen.end()
            assert code == 4 and "\x1b" not in text
            assert flags == [] or json.loads(text.splitlines()[0])["state"] == "draining"
