"""Clients of the echo, and what it owes them."""

import contextlib
import fcntl
import socket
import struct

from waiting import PATIENCE

SIOCOUTQ = 0x5411


def answer_of(data):
    """What mode upper answers to `data` and the end of file: the contract's rule, written in Python."""
    *lines, rest = data.decode().split("\n")
    lines += [rest] if rest else []
    return "".join(line.strip().upper() + "\n" for line in lines).encode()


def endpoint(address):
    """`HOST:PORT`, `[V6]:PORT` or `unix:PATH` as socket family and address."""
    if address.startswith("unix:"):
        return socket.AF_UNIX, address[len("unix:") :]
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    return (socket.AF_INET6 if ":" in host else socket.AF_INET), (host, int(port))


class Client:
    """A client of the echo, hand-made so that a test can choose its buffers and its end."""

    def __init__(self, address, receive_buffer=None, send_buffer=None, segment=None, timeout=PATIENCE):
        family, target = endpoint(address)
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if send_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        if segment:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
        try:
            self.socket.connect(target)
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def name(self):
        """As the server calls this peer."""
        host, port = self.socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def unacknowledged(self):
        """Bytes, the client's own FIN included, that the other kernel has not acknowledged."""
        return struct.unpack("i", fcntl.ioctl(self.socket, SIOCOUTQ, b"\0" * 4))[0]

    def send(self, data):
        self.socket.sendall(data)

    def send_until_blocked(self, data):
        """Sends `data` again and again until the server takes no more; returns the number of bytes."""
        self.socket.settimeout(0.3)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while True:
                sent += self.socket.send(data[sent % len(data) :])
        self.socket.settimeout(PATIENCE)
        return sent

    def receive(self, size):
        """Exactly `size` bytes, or fewer at end of file."""
        parts = bytearray()
        while len(parts) < size:
            part = self.socket.recv(min(size - len(parts), 1 << 16))
            if not part:
                break
            parts += part
        return bytes(parts)

    def receive_all(self):
        """Everything up to the server's end of file."""
        return self.receive(1 << 40)

    def receive_until_reset(self):
        """Everything up to the server's reset, which must come."""
        parts = bytearray()
        while True:
            try:
                part = self.socket.recv(1 << 16)
            except ConnectionResetError:
                return bytes(parts)
            assert part, "end of file instead of a reset"
            parts += part

    def asks(self, data):
        """Sends whole lines and returns as many bytes as their answers have in mode upper."""
        self.send(data)
        return self.receive(len(answer_of(data)))

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.socket.close()


def is_refused(address):
    """Whether a new client is refused at once, as by a port without a listener."""
    try:
        Client(address).close()
    except (ConnectionRefusedError, FileNotFoundError):
        return True
    return False
