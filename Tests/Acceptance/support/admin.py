"""The admin API, asked without curl."""

import http.client
import json
import socket

from clients import endpoint
from waiting import PATIENCE

CLOSE_REASONS = {
    "admin_closed",
    "drained",
    "forced",
    "idle",
    "internal_error",
    "invalid_utf8",
    "line_too_long",
    "peer_closed",
    "refused",
    "reset_by_peer",
    "write_stalled",
}


class Answer:
    """An answer of the admin API."""

    def __init__(self, code, headers, body):
        self.code = code
        self.headers = headers
        self.text = body.decode()

    @property
    def json(self):
        return json.loads(self.text)


class _AdminConnection(http.client.HTTPConnection):
    def __init__(self, address, timeout):
        super().__init__("localhost", timeout=timeout)
        self.address = address

    def connect(self):
        family, target = endpoint(self.address)
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(target)


def ask(address, method, path, headers=None, timeout=PATIENCE):
    """One request to an admin address, on a connection of its own."""
    connection = _AdminConnection(address, timeout)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def check_sums(status):
    """`accepted` is always the sum of the ended and the active ones."""
    connections = status["connections"]
    assert set(connections["closed"]) == CLOSE_REASONS
    assert connections["accepted"] == sum(connections["closed"].values()) + connections["active"], connections
