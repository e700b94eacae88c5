"""--admin-token-file: what every mutation has to show, and how the file may change."""

import os
import socket
import subprocess
import sys

import pytest
from echod import Echod, ask, endpoint, eventually, run

TOKEN = "0123456789abcdef-first"
OTHER = "fedcba9876543210-other"
CHANGES = [
    ("POST", "/drain"),
    ("DELETE", "/drain"),
    ("PUT", "/log-level?level=info"),
    ("POST", "/shutdown"),
]


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    write(path, TOKEN + "\n")
    return path


def write(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def change(server, token, **options):
    """The code that a harmless mutation is answered with."""
    return server.ask("PUT", "/log-level?level=info", headers=bearer(token), **options).code


def raw_answer(address, authorization):
    """The answer to a header that no client library would send."""
    family, target = endpoint(address)
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(20)
        client.connect(target)
        head = b"POST /drain HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n"
        client.sendall(head + authorization + b"\r\n")
        parts = b""
        while part := client.recv(4096):
            parts += part
        return parts


@pytest.mark.parametrize("method, path", CHANGES)
def test_curl(token_file, method, path):
    """Without the token 401 and nothing happens; with it the answer is the usual one."""
    with Echod("--admin-token-file", str(token_file)) as server:
        target = f"http://{server.admin[0]}{path}"

        def curl(*arguments):
            result = subprocess.run(
                ["curl", "-s", "-i", "-X", method, *arguments, target], capture_output=True, text=True, timeout=20
            )
            return result.stdout

        refused = curl()
        assert refused.startswith("HTTP/1.1 401 ") and "\nWWW-Authenticate: Bearer" in refused
        assert "application/problem+json" in refused and "--admin-token-file" in refused
        assert server.state == "serving"
        assert curl("-H", f"Authorization: Bearer {TOKEN}").split()[1] in ("200", "202")
        if path == "/shutdown":
            assert server.exit_code() == 0


def test_wrong_tokens(token_file):
    """All get the same answer, and none of it gets into the log."""
    wrong = [
        b"",
        b"Authorization:\r\n",
        b"Authorization: Bearer\r\n",
        b"Authorization: Bearer \r\n",
        b"Authorization: Bearer " + TOKEN[:-1].encode() + b"\r\n",
        b"Authorization: Bearer " + TOKEN.encode() + b"x\r\n",
        b"Authorization: Bearer " + TOKEN.upper().encode() + b"\r\n",
        b"Authorization: Basic " + TOKEN.encode() + b"\r\n",
        b"Authorization: " + TOKEN.encode() + b"\r\n",
        b"Authorization: Bearer \xc3\xa9\xff\x80aaaaaaaaaaaaaaaaaaaa\r\n",
        b"Authorization: Bearer " + b"x" * 5000 + b"\r\n",
        2 * (b"Authorization: Bearer " + TOKEN.encode() + b"\r\n"),
    ]
    with Echod("--admin-token-file", str(token_file), "--log-level", "trace") as server:
        bodies = set()
        for authorization in wrong:
            answer = raw_answer(server.admin[0], authorization)
            assert answer.startswith(b"HTTP/1.1 401 "), authorization
            bodies.add(answer.partition(b"\r\n\r\n")[2])
        assert len(bodies) == 1
        nul = raw_answer(server.admin[0], b"Authorization: Bearer " + TOKEN.encode() + b"\0\r\n")
        assert nul.split()[1] in (b"400", b"401")
        assert server.state == "serving"
        for scheme in (b"bearer", b"BEARER", b"Bearer"):
            right = b"Authorization: " + scheme + b" " + TOKEN.encode() + b"\r\n"
            assert raw_answer(server.admin[0], right).startswith(b"HTTP/1.1 202 ")
        assert TOKEN.encode() not in server.log and TOKEN[:-1].encode() not in server.log


def test_reading_needs_no_token(token_file):
    with Echod("--admin-token-file", str(token_file)) as server:
        for path in ("/", "/livez", "/readyz", "/status", "/connections", "/config", "/log-level"):
            answer = server.get(path)
            assert answer.code == 200 and TOKEN not in answer.text
        assert server.get("/config").json["options"]["admin-token-file"]["value"] == str(token_file)


def test_rotation_by_rename(token_file):
    with Echod("--admin-token-file", str(token_file)) as server:
        assert (change(server, TOKEN), change(server, OTHER)) == (200, 401)
        new = token_file.with_name("new")
        write(new, OTHER)
        new.rename(token_file)
        assert (change(server, TOKEN), change(server, OTHER)) == (401, 200)
        server.logged("the admin token was reloaded")


def test_rotation_as_kubernetes_does_it(tmp_path):
    """`token` leads through `..data` to a dated directory; `..data` is swapped by a rename."""
    for name, token in (("..2026_1", TOKEN), ("..2026_2", OTHER)):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "token", token, mode=0o440)
    (tmp_path / "..data").symlink_to("..2026_1")
    (tmp_path / "token").symlink_to("..data/token")
    with Echod("--admin-token-file", str(tmp_path / "token")) as server:
        assert (change(server, TOKEN), change(server, OTHER)) == (200, 401)
        (tmp_path / "..data_tmp").symlink_to("..2026_2")
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")
        assert (change(server, TOKEN), change(server, OTHER)) == (401, 200)


def test_rotation_to_something_unusable(token_file):
    """The old token stays; the log says so once for each change, not for each request."""
    with Echod("--admin-token-file", str(token_file)) as server:
        errors = 0
        spoil = [
            lambda: token_file.chmod(0o644),
            lambda: write(token_file, "short"),
            lambda: token_file.unlink(),
            lambda: os.mkfifo(token_file),
        ]
        for one in spoil:
            one()
            for _ in range(3):
                assert (change(server, TOKEN), change(server, OTHER)) == (200, 401)
            errors += 1
            assert server.log.count(b" error the admin token file cannot be used") == errors
        token_file.unlink()
        write(token_file, OTHER)
        assert (change(server, TOKEN), change(server, OTHER)) == (401, 200)
        assert b"short" not in server.log and OTHER.encode() not in server.log


@pytest.mark.parametrize(
    "prepare, words",
    [
        (lambda path: write(path, TOKEN, mode=0o644), ["world-readable", "mode 0644"]),
        (lambda path: write(path, TOKEN, mode=0o604), ["mode 0604"]),
        (lambda path: write(path, TOKEN[:15] + "\n"), ["15 bytes", "at least 16"]),
        (lambda path: write(path, TOKEN + "\n\n"), ["no HTTP header"]),
        (lambda path: write(path, "x" * 5000), ["larger than 4096"]),
        (lambda path: os.mkfifo(path), ["not a regular file"]),
        (lambda path: path.mkdir(), ["not a regular file"]),
        (lambda path: path.symlink_to("/dev/zero"), ["not a regular file"]),
        (lambda path: None, ["No such file"]),
    ],
)
def test_refused_at_the_start(tmp_path, prepare, words):
    path = tmp_path / "token"
    prepare(path)
    result = run("--admin-token-file", str(path))
    assert result.returncode == 64 and result.stdout == ""
    for word in ["--admin-token-file", str(path), "the command line", "allowed: ", *words]:
        assert word in result.stderr
    assert TOKEN not in result.stderr


def test_a_unix_socket_and_another_user(tmp_path, token_file):
    """Another user's changes are refused over a Unix socket, and taken with the token."""
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if os.stat(parent).st_uid == os.getuid() and parent != parent.parent and str(parent) != "/tmp":
            parent.chmod(0o755)
    path = tmp_path / "admin"
    script = """
import http.client, socket, sys
connection = http.client.HTTPConnection("localhost")
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect(sys.argv[1])
headers = {"Authorization": "Bearer " + sys.argv[2]} if sys.argv[2:] else {}
connection.request("PUT", "/log-level?level=info", headers=headers)
print(connection.getresponse().status)
"""

    def as_nobody(*token):
        user = ["setpriv", "--reuid", "65534", "--clear-groups"]
        command = [*user, sys.executable, "-c", script, str(path), *token]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.strip()

    for arguments, without, with_token in (((), "403", "403"), (("--admin-token-file", str(token_file)), "401", "200")):
        with Echod(*arguments, admin=(f"unix:{path}",)) as server:
            path.chmod(0o666)
            assert as_nobody() == without
            assert as_nobody(TOKEN) == with_token
            assert ask(server.admin[0], "PUT", "/log-level?level=info", headers=bearer(TOKEN)).code == 200
        eventually(lambda: path.unlink(missing_ok=True) or True, "no socket file")


def test_a_remote_admin_without_a_token_is_warned_of(token_file):
    warning = b" warning every client that reaches the admin API can drain and shut down this service"
    everywhere = {"admin": ("0.0.0.0:0",)}
    with Echod("--admin-allow-remote", **everywhere) as server:
        assert warning in server.log
    for arguments, options in (
        (("--admin-allow-remote",), {}),
        ((), everywhere),
        (("--admin-allow-remote", "--admin-token-file", str(token_file)), everywhere),
    ):
        with Echod(*arguments, **options) as server:
            assert warning not in server.log
