"""The client commands against servers other than echod, and which of them get the token."""

import contextlib
import json
import os
import socket
import subprocess

import pytest
from commands import NOBODY
from drains import Namespace
from echod import BINARY, LOOPBACK, PATIENCE, Background, Echod, clean_environment, endpoint, run


class Impostor:
    """Listens like an admin, keeps what it receives, and answers each request with the same bytes."""

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
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "in the middle of the answer"),
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


def not_accepted(path, origin):
    advice = "use the file that the server has as --admin-token-file"
    return f'echod: This needs the token.\nechod: the token of "{path}" (from {origin}) was not accepted: {advice}\n'


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
                is_sent = verb in ("drain", "shutdown", "undrain")
                origin = "the command line" if flags else "the environment variable ECHOD_ADMIN_TOKEN_FILE"
                expected = not_accepted(path, origin) if is_sent else "echod: This needs the token.\n"
                assert (result.returncode, result.stderr) == (1, expected)
                assert (HEADER in request) == is_sent
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
            assert named.stderr == not_accepted(path, "the command line")
    finally:
        network.remove()


def test_a_server_that_wants_a_token_is_given_the_right_one(directory):
    """Its own words are for clients that write headers; what to do here follows."""
    other, path = os.path.join(directory, "other"), token_file(directory)
    with open(other, "w") as file:
        file.write(TOKEN[::-1])
    with Echod("--admin-token-file", path) as server:
        admin = ["--admin", server.admin[0]]
        for verb in ("drain", "undrain", "shutdown", "drain --wait --json"):
            words = [*verb.split(), *admin]
            none, wrong = run(*words), run(*words, "--admin-token-file", other)
            assert (none.returncode, none.stdout, wrong.returncode, wrong.stdout) == (1, "", 1, "")
            wanted = f"{server.admin[0]} needs a token: name its file with --admin-token-file"
            assert "Authorization: Bearer" in none.stderr and none.stderr.endswith(f"\nechod: {wanted}\n")
            refused = not_accepted(other, "the command line").splitlines()[1]
            assert "Authorization: Bearer" in wrong.stderr and wrong.stderr.endswith(f"\n{refused}\n")
        assert server.state == "serving"
        assert run("drain", "--wait", *admin, "--admin-token-file", path).returncode == 0


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
