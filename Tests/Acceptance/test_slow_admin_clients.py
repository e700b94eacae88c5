"""Clients hold as many admin connections as they can get, from six other addresses or, as behind a proxy, from the
prober's own; probes are answered.

`pytest -s` shows the latencies; `ECHOD_FULL=1` takes a minute for each test, in which every held connection is evicted
many times.
"""

import contextlib
import math
import os
import socket
import subprocess
import tempfile
import threading
import time

import echod
from streams import Held, Reader, held_drain

SOURCES = [f"127.0.0.{number}" for number in range(2, 8)]
PROBER = "127.0.0.1"
# How many of the server's 128 places all addresses together, and one of them, get.
PLACES, SHARE = 112, 48
# How many want in for each place; then each of six addresses has as many connections as it may have.
PRESSURE = 2.5
DURATION = echod.count(1.5, 60)
# A kubelet's default `timeoutSeconds`, which every probe must keep.
PROBE_PATIENCE = 1.0
HEAD = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n"
KINDS = ("idle", "byte a second", "endless headers", "kept alive", "unread answers")


class Attacker:
    """One connection, opened again a second later whenever the server closes it."""

    def __init__(self, address, source, kind):
        self.family, self.target = echod.endpoint(address)
        self.source = source
        self.kind = kind
        self.socket = None
        self.sent = 0
        self.losses = 0

    def act(self):
        """Once a second: open, or send what its kind sends, or nothing."""
        if self.socket is None:
            self._open()
            return
        try:
            data = self._next()
            if data:
                self.sent += self.socket.send(data)
            if self.kind != "unread answers":
                self._read()
        except BlockingIOError:
            pass
        except OSError:
            self.close()

    def close(self):
        if self.socket:
            self.socket.close()
            self.losses += 1
        self.socket, self.sent = None, 0

    def _next(self):
        match self.kind:
            case "byte a second":
                return HEAD[self.sent % len(HEAD) :][:1]
            case "endless headers":
                return b"X-Filler: yes\r\n" if self.sent else HEAD
            case "kept alive":
                return b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
            case "unread answers":
                return HEAD + b"\r\n"
        return b""

    def _read(self):
        while self.socket.recv(4096):
            pass
        self.close()

    def _open(self):
        self.socket = socket.socket(self.family)
        self.socket.setblocking(False)
        if self.kind == "unread answers":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        if self.family == socket.AF_INET:
            self.socket.bind((self.source, 0))
        with contextlib.suppress(BlockingIOError):
            self.socket.connect(self.target)


class Attack:
    """All attackers, evenly over each second, in a thread."""

    def __init__(self, address, sources, size):
        self.attackers = [
            Attacker(address, sources[index % len(sources)], KINDS[index % len(KINDS)]) for index in range(size)
        ]
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._thread.join()
        for attacker in self.attackers:
            attacker.close()

    @property
    def losses(self):
        """How often the server has ended one of them, by kind."""
        losses = dict.fromkeys(KINDS, 0)
        for attacker in self.attackers:
            losses[attacker.kind] += attacker.losses
        return losses

    def _run(self):
        while not self._is_over.is_set():
            for attacker in self.attackers:
                attacker.act()
                if self._is_over.wait(1 / len(self.attackers)):
                    return


@contextlib.contextmanager
def crowd(service, sources=SOURCES, places=PLACES):
    """An attack that has begun to hurt: it holds almost all the places that it can get."""
    own = service.process.descriptors
    # A buffer of the kernel's own size takes megabytes before a client that does not read is noticed.
    service.set_buffers(send=4096, address=service.admin[0])
    with Attack(service.admin[0], sources, int(PRESSURE * places)) as attack:
        echod.eventually(lambda: service.process.descriptors >= own + 0.9 * places, "the attack is under way")
        yield attack
        assert service.process.descriptors >= own + places // 2
    echod.eventually(lambda: service.process.descriptors <= own, "everything is let go")


def latencies(service, duration, expected=(200, "ok\n")):
    """Seconds that `/readyz` took, each time on a new connection from the prober's address."""
    taken = []
    end = time.monotonic() + duration
    while time.monotonic() < end:
        begin = time.monotonic()
        answer = service.get("/readyz", timeout=PROBE_PATIENCE)
        taken.append(time.monotonic() - begin)
        assert (answer.code, answer.text) == expected
        time.sleep(0.005)
    return sorted(taken)


def report(title, taken):
    percentile = lambda part: 1000 * taken[math.ceil(part * len(taken)) - 1]
    print(
        f"\n/readyz {title}: {len(taken)} probes, p50 {percentile(0.5):.2f} ms, p99 {percentile(0.99):.2f} ms,"
        f" longest {percentile(1):.2f} ms"
    )


def probe_amid_a_crowd(service, title, **options):
    report(f"{title}, undisturbed", latencies(service, echod.count(0.5, 5)))
    with crowd(service, **options) as attack:
        report(f"{title}, in the crowd", latencies(service, DURATION))
        echod.eventually(lambda: all(attack.losses.values()), "some of every kind have made room")
        print(f"ended by the server: {attack.losses}")
    assert service.state == "serving"


def test_probes_are_answered_while_others_hold_connections():
    with echod.Echod() as service:
        probe_amid_a_crowd(service, "TCP")


def test_probes_are_answered_on_the_address_of_the_crowd():
    with echod.Echod() as service:
        probe_amid_a_crowd(service, "own address", sources=[PROBER], places=SHARE)
        service.logged(f"crowded by {PROBER}: ")


def test_a_good_client_on_the_address_of_the_crowd_is_served():
    with echod.Echod() as service, crowd(service, sources=[PROBER], places=SHARE):
        url = f"http://{service.admin[0]}"
        for _ in range(echod.count(20, 1000)):
            answers = subprocess.run(
                ["curl", "-sSf", "-m", "1", f"{url}/status", f"{url}/openapi.json"], capture_output=True
            )
            assert answers.returncode == 0, answers.stderr
            assert b'"state":"serving"' in answers.stdout and b'"openapi":"3.1' in answers.stdout


def test_probes_are_answered_on_a_unix_socket_too():
    with tempfile.TemporaryDirectory() as folder:
        with echod.Echod(admin=(f"unix:{os.path.join(folder, 'admin')}",)) as service:
            probe_amid_a_crowd(service, "Unix")


def test_who_waits_or_reads_events_keeps_the_place():
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(echod.Echod())
        client = stack.enter_context(held_drain(service))
        readers = [stack.enter_context(Reader(service.admin[0])) for _ in range(16)]
        assert all(reader.await_first()[0] == "state" for reader in readers)
        waiters = [
            stack.enter_context(Held(service.admin[0], "POST /drain?wait&timeout=10m")) for _ in range(16)
        ]
        echod.eventually(lambda: (service.status()["drain"] or {}).get("waiters") == 16, "16 waiters")
        with crowd(service, places=PLACES - len(readers + waiters)) as attack:
            latencies(service, DURATION, expected=(503, "draining\n"))
            echod.eventually(lambda: sum(attack.losses.values()) > 100, "the crowd has turned over")
            client.close()
            assert [waiter.json["drain"]["result"] for waiter in waiters] == ["clean"] * 16
            for reader in readers:
                echod.eventually(
                    lambda: reader.read() and reader.events[-1][1]["state"] == "drained", "the stream tells the end"
                )
