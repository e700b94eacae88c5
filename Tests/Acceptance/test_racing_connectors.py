"""Clients that connect while a drain begins: served, or refused at once, never reset, never left hanging."""

import shutil
import signal
import subprocess
import time

import pytest
from echod import Background, Client, Echod, count, eventually

CLIENTS = count(20, 40)
DRAINS = count(10, 100)
# The default on loopback: this long after it was accepted a silent client is still served.
ACCEPT_LINGER = 0.05

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace")


class Connector:
    """Connects, asks a line and reads its answer, again and again until it is refused."""

    def __init__(self, address, index):
        self.address, self.index = address, index
        self.served = self.late = self.repeated = 0
        self.ends_first = index % 2 == 0

    def run(self):
        while True:
            begin = time.monotonic()
            try:
                client = Client(self.address, timeout=10)
            except ConnectionRefusedError:
                # A SYN that is dropped comes again after one second, and after three.
                took = time.monotonic() - begin
                assert took < 3, f"refused after {took:.3f} s"
                self.repeated = took >= 1
                return self.served
            with client:
                if client.socket.getsockname() == client.socket.getpeername():
                    # The kernel gave it the port of the server that is gone, so it connected to itself.
                    return self.served
                if not self.ask(client, begin):
                    self.late += 1
                    continue
            self.served += 1

    def ask(self, client, begin):
        """Whether it is answered. Only one that was silent for an accept linger may see end of file instead."""
        line = b"client %d line %d\n" % (self.index, self.served)
        client.send(line)
        took = time.monotonic() - begin
        answer = client.receive(len(line))
        if answer == b"" and took >= ACCEPT_LINGER:
            return False
        assert answer == line.upper(), f"sent {1000 * took:.1f} ms after connect() began"
        if self.ends_first:
            client.half_close()
        else:
            # Like a client that sends its next request while it has no answer to read, and goes.
            client.close()
            return True
        assert client.receive_all() == b""
        return True


def race(server, clients, end):
    """Clients connect again and again, `end` begins the drain; all of them were answered until refused."""
    connectors = [Connector(server.address, index) for index in range(clients)]
    works = [Background(connector.run) for connector in connectors]
    eventually(lambda: sum(connector.served for connector in connectors) > 3 * clients, "clients served")
    end()
    served = sum(work.result() for work in works)
    assert server.exit_code() == 0
    assert b"drain clean" in server.log
    late = sum(connector.late for connector in connectors)
    # The kernel drops a SYN that it handles while the mark is set (faults.md, section 2.2), in about 1 of 200 races. If the
    # listeners closed in the wrong order, many would be lost.
    repeated = sum(connector.repeated for connector in connectors)
    print(f"{served} served, {late} were silent for an accept linger, {repeated} refused by the second SYN")
    assert repeated <= 1


@pytest.mark.parametrize("drain", range(DRAINS))
def test_racing_connectors(drain):
    """Every client that got through is answered; all others are refused; the end is clean."""
    with Echod() as server:
        if drain % 2:
            race(server, CLIENTS, lambda: server.post("/shutdown"))
        else:
            race(server, CLIENTS, lambda: server.signal(signal.SIGTERM))
        assert b"accept_queue=lossless" in server.log


def delayed(call, milliseconds):
    """strace that delays every such call."""
    fault = ("-e", f"trace={call}", "-e", f"inject={call}:delay_enter={1000 * milliseconds}")
    return "strace", "-f", "-qq", "-o", "/dev/null", *fault


@needs_strace
@pytest.mark.parametrize("call", ["accept4", "close", "setsockopt"])
def test_racing_connectors_with_late_calls(call):
    """Before each accept, close, or refusal of new clients 20 ms pass, in which others connect."""
    with Echod(wrapper=delayed(call, 20)) as server:
        race(server, 10, lambda: server.signal(signal.SIGTERM))
        assert b"accept_queue=lossless" in server.log


@needs_strace
def test_a_kernel_that_cannot_refuse():
    """Where new clients cannot be refused early, the log says so, and clients that are in are still served."""
    with Echod() as server, server.client() as client:
        assert client.asks(b"one\n") == b"ONE\n"
        fault = ["-e", "trace=setsockopt", "-e", "inject=setsockopt:error=EPERM"]
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", *fault, "-p", str(server.pid)])
        try:
            eventually(lambda: server.process.is_traced, "traced")
            server.signal(signal.SIGTERM)
            assert client.receive_all() == b""
            client.close()
            assert server.exit_code() == 0
        finally:
            tracer.kill()
            tracer.wait()
        assert b"accept_queue=best_effort" in server.log and b"cannot refuse" in server.log


@needs_strace
def test_a_queue_that_takes_longer_than_the_accept_linger():
    """All clients in it are accepted and served, however long that takes."""
    with Echod(wrapper=delayed("accept4", 3)) as server:
        with server.stopped():
            clients = [server.client() for _ in range(150)]
            for client in clients:
                client.send(b"in the queue\n")
            server.signal(signal.SIGTERM)
        for client in clients:
            assert client.receive_all() == b"IN THE QUEUE\n"
            client.close()
        assert server.exit_code() == 0


@pytest.mark.parametrize("drain", range(count(2, 20)))
def test_those_in_the_accept_queue(drain):
    """Clients that connected while the server was stopped are in its queue at the drain: all are served."""
    with Echod() as server:
        with server.stopped():
            clients = [server.client() for _ in range(CLIENTS)]
            for index, client in enumerate(clients):
                client.send(b"client %d\n" % index)
            server.signal(signal.SIGTERM)
        for index, client in enumerate(clients):
            assert client.receive_all() == b"CLIENT %d\n" % index
            client.close()
        assert server.exit_code() == 0


def test_silent_ones_in_the_accept_queue():
    """Nothing was asked: end of file, no reset."""
    with Echod() as server:
        with server.stopped():
            clients = [server.client() for _ in range(CLIENTS)]
            server.signal(signal.SIGTERM)
        for client in clients:
            assert client.receive_all() == b""
            client.close()
        assert server.exit_code() == 0


def test_the_first_line_may_come_an_accept_linger_late():
    """One that connected just before the end and has not spoken yet is heard: its line is on its way."""
    with Echod("--accept-linger", "500ms") as server, server.client() as client:
        server.signal(signal.SIGTERM)
        server.await_state("draining")
        # Well before the mark of one that has not spoken.
        client.send(b"first\n")
        assert client.receive_all() == b"FIRST\n"
        client.close()
        assert server.exit_code() == 0
