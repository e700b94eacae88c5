"""Clients that hold a connection of the admin: readers of /events, and waiters for the end of a drain."""

import contextlib
import json
import socket
import struct
import time

from echod import PATIENCE, endpoint


@contextlib.contextmanager
def held_drain(server):
    """A client in the middle of a line: a drain does not end before the block does, or the client."""
    with server.client() as client:
        client.asks(b"hello\n")
        client.send(b"the middle of a li")
        yield client


class Held:
    """A request on a raw connection, whose answer is read when the test wants it, or never."""

    def __init__(self, address, request, receive_buffer=None):
        family, target = endpoint(address)
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(target)
        self.socket.sendall(f"{request} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def read(self):
        """Whether anything came before the end."""
        part = self.socket.recv(1 << 16)
        self.received += part
        return bool(part)

    @property
    def code(self):
        """Waits for the answer and returns its status."""
        while b"\r\n\r\n" not in self.received:
            assert self.read(), "no answer"
        return int(self.received.split()[1])

    @property
    def headers(self):
        assert self.code
        lines = self.received.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}

    @property
    def json(self):
        """The document of an answer with a length."""
        size = int(self.headers["content-length"])
        head, _, body = self.received.partition(b"\r\n\r\n")
        while len(body) < size:
            assert self.read(), "half an answer"
            body = self.received.partition(b"\r\n\r\n")[2]
        return json.loads(body)

    def read_to_end(self):
        """Fails if the end of the stream does not come, so that the test does not hang."""
        end = time.monotonic() + 10 * PATIENCE
        while self.read():
            assert time.monotonic() < end, "no end"

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()


class Reader(Held):
    """A client of /events that decodes what comes."""

    def __init__(self, address, **options):
        super().__init__(address, "GET /events", **options)

    def await_first(self):
        """The first event, which tells the state."""
        assert self.code == 200
        while not self.events:
            assert self.read(), "no event"
        return self.events[0]

    @property
    def is_whole(self):
        """Whether the last chunk has come."""
        return self.received.endswith(b"\r\n0\r\n\r\n")

    @property
    def events(self):
        """Names and documents of the events that came so far."""
        text = self._body().decode()
        *blocks, _ = text.split("\n\n")
        return [self._event(block) for block in blocks if not block.startswith("retry: ")]

    @staticmethod
    def _event(block):
        name, data = block.split("\n")
        assert name.startswith("event: ") and data.startswith("data: "), block
        return name[len("event: ") :], json.loads(data[len("data: ") :])

    def _body(self):
        body, rest = b"", self.received.partition(b"\r\n\r\n")[2]
        while b"\r\n" in rest:
            size, _, rest = rest.partition(b"\r\n")
            body += rest[: int(size, 16)]
            rest = rest[int(size, 16) + 2 :]
        return body
