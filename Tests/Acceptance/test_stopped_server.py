"""Nothing that a kernel acknowledged is lost: clients fill a stopped server, which is then told to end."""

import random
import selectors
import signal
import time

import pytest
from echod import PATIENCE, Client, Echod, answer_of, count, eventually

CLIENTS = count(40, 200)
ROUNDS = count(4, 20)
PAYLOAD = 200_000
WORDS = ["alpha", "  beta ", "Straße", "ﬁnal", "Ωmega", "", "\tnoël", "x" * 300, "ǰ", "42"]


def lines(seed):
    """PAYLOAD bytes of whole lines, ASCII and not."""
    source = random.Random(seed)
    parts, size = [], 0
    while size < PAYLOAD - 2000:
        part = (" ".join(source.choices(WORDS, k=source.randint(0, 6))) + "\n").encode()
        parts.append(part)
        size += len(part)
    return b"".join(parts) + b"f" * (PAYLOAD - size - 1) + b"\n"


PAYLOADS = [lines(seed) for seed in range(4)]


class Sender:
    """A client with PAYLOAD bytes, which reads everything or a bit at a time.

    Its last line is whole; or unfinished and finished after SIGCONT; or unfinished and ended by a half-close;
    or whole and followed by a half-close.
    """

    ENDINGS = ["whole", "finished later", "unfinished", "half-closed"]
    PAUSE = 0.01

    def __init__(self, server, index):
        self.ending = self.ENDINGS[index % 4]
        self.is_slow = index // 4 % 2 == 1
        window = 8192 if self.is_slow else None
        self.client = Client(server.address, receive_buffer=window, send_buffer=2 * PAYLOAD)
        self.input = PAYLOADS[index // 8 % 4]
        if self.ending in ("finished later", "unfinished"):
            self.input = self.input[:-1]
        self.output = bytearray()
        self.resumes_at = 0
        self.error = None

    def fill(self):
        self.client.send(self.input)
        if self.ending in ("unfinished", "half-closed"):
            self.client.half_close()

    @property
    def is_acknowledged(self):
        return self.client.unacknowledged == 0

    def finish_line(self):
        if self.ending == "finished later":
            self.client.send(b" and done\n")
            self.input += b" and done\n"

    def read(self):
        """One portion; false at the end, which should be an end of file."""
        try:
            part = self.client.socket.recv(4096 if self.is_slow else 1 << 18)
        except OSError as error:
            self.error = error
            return False
        self.output += part
        self.resumes_at = time.monotonic() + self.PAUSE if self.is_slow else 0
        return bool(part)

    def check(self):
        about = f"{self.ending}, {'slow' if self.is_slow else 'quick'}, {len(self.output)} bytes"
        assert self.error is None, f"{about}: {self.error!r}"
        assert bytes(self.output) == EXPECTED[self.input], about


EXPECTED = {
    variant: answer_of(variant)
    for whole in PAYLOADS
    for variant in (whole, whole[:-1], whole[:-1] + b" and done\n")
}


def read_to_the_end(senders):
    """Reads all of them at once, each at its own pace."""
    with selectors.DefaultSelector() as selector:
        open_ones = set(senders)
        resting = []
        for sender in senders:
            selector.register(sender.client.socket, selectors.EVENT_READ, sender)
        end = time.monotonic() + 3 * PATIENCE
        while open_ones:
            assert time.monotonic() < end, f"{len(open_ones)} clients hang"
            for key, _ in selector.select(0.005):
                sender = key.data
                if not sender.read():
                    selector.unregister(sender.client.socket)
                    sender.client.close()
                    open_ones.discard(sender)
                elif sender.resumes_at:
                    selector.unregister(sender.client.socket)
                    resting.append(sender)
            now = time.monotonic()
            for sender in [sender for sender in resting if sender.resumes_at <= now]:
                resting.remove(sender)
                selector.register(sender.client.socket, selectors.EVENT_READ, sender)


@pytest.mark.parametrize("round", range(ROUNDS))
def test_all_that_was_acknowledged_is_answered(round):
    """Stopped, filled, told to end, continued: every client reads every answer, then end of file; exit 0."""
    with Echod("--drain-timeout", "60s") as server:
        # Half of the time the server can send so little at once that slow readers leave input in its kernel.
        server.set_buffers(receive=1 << 20, send=16_384 if round // 2 % 2 else None)
        # In odd rounds half of them are connected already; the others wait in the accept queue.
        early = [Sender(server, index) for index in range(CLIENTS // 2 if round % 2 else 0)]
        server.await_active(len(early))
        with server.stopped():
            senders = early + [Sender(server, index) for index in range(len(early), CLIENTS)]
            for sender in senders:
                sender.fill()
            eventually(lambda: all(sender.is_acknowledged for sender in senders), "all input acknowledged")
            server.signal(signal.SIGTERM)
        for sender in senders:
            sender.finish_line()
        read_to_the_end(senders)
        for sender in senders:
            sender.check()
        assert server.exit_code() == 0
        assert b"drain clean" in server.log
