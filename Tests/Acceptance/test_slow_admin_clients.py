"""Clients from two other addresses hold as many admin connections as they can get, and a third one's probes are answered.

`pytest -s` shows the latencies; `ECHOD_FULL=1` takes a minute, in which every held connection is evicted several times.
"""

import contextlib
import math
import socket
import threading
import time

import echod

ATTACKERS = ("127.0.0.2", "127.0.0.3")
# Of each kind, from both addresses together.
CONNECTIONS = 100
DURATION = echod.count(3, 60)
# A kubelet's default `timeoutSeconds`, which every probe must keep.
PROBE_PATIENCE = 1.0
HEAD = b"GET /status HTTP/1.1\r\nHost: localhost\r\n"


class Attacker:
    """One connection, opened again a second later whenever the server closes it."""

    def __init__(self, address, source, kind):
        self.target = echod.endpoint(address)[1]
        self.source = source
        self.kind = kind
        self.socket = None
        self.sent = 0

    def act(self):
        """Once a second: open, or send the next byte or header, or nothing."""
        if self.socket is None:
            self._open()
            return
        try:
            if self.kind == "byte a second":
                self.sent += self.socket.send(HEAD[self.sent % len(HEAD) :][:1])
            elif self.kind == "endless headers":
                self.sent += self.socket.send(b"X-Filler: yes\r\n" if self.sent else HEAD)
            self.socket.recv(4096)
            self.close()
        except BlockingIOError:
            pass
        except OSError:
            self.close()

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket, self.sent = None, 0

    def _open(self):
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.bind((self.source, 0))
        with contextlib.suppress(BlockingIOError):
            self.socket.connect(self.target)


class Attack:
    """All attackers, evenly over each second, in a thread."""

    def __init__(self, address):
        kinds = ("byte a second", "idle", "endless headers")
        self.attackers = [
            Attacker(address, ATTACKERS[index % 2], kind) for index in range(CONNECTIONS) for kind in kinds
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

    def _run(self):
        while not self._is_over.is_set():
            for attacker in self.attackers:
                attacker.act()
                if self._is_over.wait(1 / len(self.attackers)):
                    return


def latencies(service, duration):
    """Seconds that `/readyz` took, each time on a new connection from 127.0.0.1."""
    taken = []
    end = time.monotonic() + duration
    while time.monotonic() < end:
        begin = time.monotonic()
        answer = service.get("/readyz", timeout=PROBE_PATIENCE)
        taken.append(time.monotonic() - begin)
        assert (answer.code, answer.text) == (200, "ok\n")
        time.sleep(0.005)
    return sorted(taken)


def report(title, taken):
    percentile = lambda part: 1000 * taken[math.ceil(part * len(taken)) - 1]
    print(
        f"\n/readyz {title}: {len(taken)} probes, p50 {percentile(0.5):.2f} ms, p99 {percentile(0.99):.2f} ms,"
        f" longest {percentile(1):.2f} ms"
    )


def test_probes_are_answered_while_others_hold_connections():
    with echod.Echod() as service:
        report("undisturbed", latencies(service, 1))
        own = service.process.descriptors
        with Attack(service.admin[0]):
            # Each attacking address has got all that an address may have, 48.
            echod.eventually(lambda: service.process.descriptors >= own + 90, "the attack is under way")
            report("under attack", latencies(service, DURATION))
            assert service.process.descriptors >= own + 48
        assert service.state == "serving"
        echod.eventually(lambda: service.process.descriptors <= own, "everything is let go")
