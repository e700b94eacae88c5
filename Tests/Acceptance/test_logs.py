"""Log lines: what an operator and a collector read, whatever clients send."""

import json
import os
import re
import signal
import socket
import subprocess

import pytest
from echod import BINARY, LOOPBACK, Client, Echod, Process, ask, clean_environment, eventually, run

TEXT_LINE = re.compile(
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
    rb"(trace|debug|info |notice|warning|error|critical) [\x20-\x7e]+"
)
HOSTILE = b"\x1b[2J\x1b]0;owned\x07\r\n2026-01-01T00:00:00.000Z notice exit code=0\n\xe2\x80\xae\xff\x00"
NAME = "evil\x1b[31m\u202e\nname"


def provoke(server, directory):
    """Hostile bytes in lines, paths, headers and the names of Unix clients; each kind of end."""
    for data in (HOSTILE, b"x" * 70_000, b"ok\n"):
        with Client(server.listen[0]) as client:
            client.send(data)
            client.half_close()
            client.receive_all()
    with socket.socket(socket.AF_UNIX) as client:
        client.bind(os.path.join(directory, NAME))
        client.connect(server.listen[1][len("unix:") :])
        client.sendall(b"ok\n")
        assert client.recv(10) == b"OK\n"
        rows = server.get("/connections").text
        assert "\x1b" not in rows and "\u202e" not in rows
    host = b"GET / HTTP/1.1\r\nHost: \x1b[2J"
    for head in (b"GET /\x1b[2J HTTP/1.1", b"GET /%0d%0a HTTP/1.1", host, HOSTILE):
        with Client(server.admin[0]) as client:
            client.send(head + b"\r\n\r\n")
            client.half_close()
            client.receive_all()
    server.client().reset()
    eventually(lambda: server.status()["connections"]["active"] == 0, "all ended")


@pytest.mark.parametrize("format", ["text", "json"])
def test_every_line_is_valid(tmp_path, format):
    """At the most talkative level: printable ASCII, one event a line, in either format."""
    listen = ("127.0.0.1:0", f"unix:{tmp_path}/echo")
    with Echod("--log-level", "trace", "--log-format", format, listen=listen) as server:
        provoke(server, tmp_path)
        server.signal(signal.SIGTERM)
        assert server.exit_code() == 0
        lines = server.log.split(b"\n")
        assert lines.pop() == b"" and len(lines) > 10
        for line in lines:
            assert len(line) < 4096
            if format == "text":
                assert TEXT_LINE.fullmatch(line), line
            else:
                assert re.fullmatch(rb"[\x20-\x7e]+", line), line
                assert {"time", "level", "message"} <= json.loads(line).keys()
        assert b"serving" in lines[0] and b"exit" in lines[-1]


def test_levels():
    """At level error a quiet life leaves no line."""
    for level, talks in (("error", False), ("debug", True)):
        result = start_and_end("--log-level", level)
        assert bool(result) == talks, result


def start_and_end(*options):
    """The log of a server that is told to end as soon as it runs."""
    reader, writer = os.pipe()
    with open(reader) as log:
        command = [BINARY, "--listen", "127.0.0.1:0", "--admin", "none", *options]
        child = subprocess.Popen(command, stderr=writer, env=clean_environment())
        os.close(writer)
        try:
            # Long before, TERM would end what is not yet a service; from here on it is taken by the service.
            eventually(lambda: "echod-control" in Process(child.pid).threads, "its control thread")
            child.send_signal(signal.SIGTERM)
            assert child.wait(20) == 0
        finally:
            child.kill()
            child.wait()
        return log.read()


@pytest.mark.parametrize("kind", ["closed pipe", "closed descriptor", "full pipe"])
def test_nobody_reads_the_log(tmp_path, kind):
    """A log that cannot be written ends nothing and delays nothing."""
    echo, admin = f"unix:{tmp_path}/echo", f"unix:{tmp_path}/admin"
    reader, writer = os.pipe()
    if kind == "closed pipe":
        os.close(reader)
    command = [BINARY, "--listen", echo, "--admin", admin, "--log-level", "trace"]
    if kind == "closed descriptor":
        command = ["sh", "-c", 'exec "$@" 2>&-', "sh", *command]
    child = subprocess.Popen(command, stderr=writer, env=clean_environment())
    try:
        eventually(lambda: os.path.exists(f"{tmp_path}/admin") and answers(admin), "that it is ready")
        # A line of the log each; a pipe holds 64 KiB.
        for _ in range(800):
            with Client(echo) as client:
                assert client.asks(b"hello\n") == b"HELLO\n"
        child.send_signal(signal.SIGPIPE)
        assert ask(admin, "GET", "/livez").code == 200
        assert ask(admin, "POST", "/shutdown?wait").code == 200
        assert child.wait(20) == 0
    finally:
        child.kill()
        child.wait()
        os.close(writer)
        if kind != "closed pipe":
            os.close(reader)


def answers(admin):
    try:
        return ask(admin, "GET", "/readyz").code == 200
    except OSError:
        return False


def test_bad_usage_is_for_people():
    """Complaints about the command line are no log lines."""
    result = run("--log-format", "xml")
    assert result.returncode == 64 and result.stderr.startswith("echod: ")


def test_changes_are_told_with_who_asked(tmp_path):
    """Each line appears even if the change itself logs nothing, or hides later lines; refused requests are counted."""
    path = f"unix:{tmp_path}/admin.sock"
    with Echod(admin=(LOOPBACK, path)) as server, server.client() as client:
        assert client.asks(b"one\n") == b"ONE\n"
        close = f"/connections/{server.row(client)['id']}?mode=abort"
        changes = [("DELETE", close, 202), ("POST", "/drain?delay=10s", 202), ("POST", "/drain?timeout=15s", 202)]
        changes += [("DELETE", "/drain", 200), ("PUT", "/log-level?level=error", 200)]
        tcp, unix = server.admin
        assert ask(tcp, "POST", "/drain?typo=1").code == 400
        assert ask(tcp, "POST", "/drain", {"Origin": "null"}).code == 403
        for index, (method, target, code) in enumerate(changes):
            assert ask(unix if index % 2 else tcp, method, target).code == code
        server.logged("admin request", "level=error")
        names = ("127.0.0.1", f"uid:{os.getuid()}")
        requests = [f"{method} {target}" for method, target, _ in changes]
        expected = [f'from={names[index % 2]} request="{request}"' for index, request in enumerate(requests)]
        assert re.findall("notice admin request (.*)", server.log.decode()) == expected
        assert b"admin request refused" not in server.log


def test_refused_changes_are_told(tmp_path):
    """What a route refuses, at once or after it has asked the service, is told again, with the answer's status."""
    path = f"unix:{tmp_path}/admin.sock"
    with Echod(admin=(LOOPBACK, path)) as server:
        refused = [("POST", "/drain?timeout=soon", 400), ("GET", "/prestop", 403), ("PUT", "/log-level", 400)]
        refused += [("DELETE", "/connections/7", 404)]
        for index, (method, target, code) in enumerate(refused):
            assert ask(server.admin[index % 2], method, target).code == code
        server.logged("admin request refused", "status=404")
        # A signal's drain is not taken back; with a client it is not over before that is refused.
        with server.client() as client:
            assert client.asks(b"one\n") == b"ONE\n"
            client.send(b"unfin")
            server.signal(signal.SIGTERM)
            server.await_state("draining")
            assert ask(server.admin[0], "DELETE", "/drain").code == 409
            refused.append(("DELETE", "/drain", 409))
            server.logged("admin request refused", "status=409")
        names = ("127.0.0.1", f"uid:{os.getuid()}")
        expected = []
        for index, (method, target, code) in enumerate(refused):
            line = f'from={names[index % 2]} request="{method} {target}"'
            expected += [line, f"refused {line} status={code}"]
        assert re.findall("notice admin request (.*)", server.log.decode()) == expected
