"""HAProxy's own checks, as people have them: they find echod up, and down from lame duck on."""

import socket
import subprocess

import pytest
from echod import Echod, eventually

CHECKS = {
    "default": "option httpchk",
    "plain": "option httpchk GET /readyz",
    "old": "option httpchk GET /readyz HTTP/1.0",
    "new": "option httpchk\n http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host localhost",
}


class Checker:
    """An HAProxy that checks the admin of a server ten times a second, and says what it found."""

    def __init__(self, server, check, directory):
        self.socket = directory / "stats"
        configuration = directory / "haproxy.cfg"
        configuration.write_text(
            f"global\n stats socket {self.socket} level user\n"
            "defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n"
            f"backend echo\n {check}\n"
            f" server one {server.address} check addr 127.0.0.1 port {server.admin[0].rpartition(':')[2]}"
            " inter 100ms fall 1 rise 1\n"
        )
        self.process = subprocess.Popen(["haproxy", "-db", "-f", str(configuration)], stderr=subprocess.DEVNULL)

    def __enter__(self):
        eventually(self.socket.exists, "the socket of HAProxy")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    @property
    def state(self):
        """`UP` or `DOWN`, and what the last check got: `L7OK/204`."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.socket))
            client.sendall(b"show stat\n")
            text = b"".join(iter(lambda: client.recv(65536), b"")).decode()
        names, *rows = [line.split(",") for line in text.lstrip("# ").splitlines() if line]
        [row] = [dict(zip(names, row)) for row in rows if row[:2] == ["echo", "one"]]
        return row["status"], f"{row['check_status']}/{row['check_code']}"


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS.keys())
def test_check_follows_readiness(check, tmp_path):
    """In lame duck clients are still served, and new ones are sent elsewhere."""
    ready = "L7OK/204" if check == CHECKS["default"] else "L7OK/200"
    with Echod() as server, Checker(server, check, tmp_path) as checker:
        eventually(lambda: checker.state == ("UP", ready), "a server that is up")
        server.post("/drain?delay=10s&timeout=20s")
        eventually(lambda: checker.state == ("DOWN", "L7STS/503"), "a server that is down in lame duck")
        with server.client() as client:
            assert client.asks(b"still served\n") == b"STILL SERVED\n"
        server.ask("DELETE", "/drain")
        eventually(lambda: checker.state == ("UP", ready), "a server that is up again")
