"""The way back from every point of a drain, on the same port: nothing discarded, nothing leaked."""

import socket
import time

import pytest
from drains import LOCAL, check_back, drain_lines, drain_of, settled, undrain
from echod import Background, Echod, answer_of, count, eventually, is_refused

CYCLES = count(60, 1000)
# When everything that is made once has been made.
SETTLED_CYCLE = 50
MEBIBYTE = 1 << 20


def asked(server, number):
    """`number` clients that have had a line answered and wait."""
    clients = [server.client() for _ in range(number)]
    for client in clients:
        assert client.asks(b"before\n") == b"BEFORE\n"
    return clients


def check_open(clients):
    for client in clients:
        assert client.asks(b"still here\n") == b"STILL HERE\n"


def close_all(clients):
    for client in clients:
        client.close()


def has_ended(client):
    """Whether end of file has come, without waiting for it."""
    client.socket.setblocking(False)
    try:
        return client.socket.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    finally:
        client.socket.settimeout(20)


def cycle(server):
    """Drained with a client inside, refused, taken back, echoing."""
    with server.client() as client:
        assert client.asks(b"inside\n") == b"INSIDE\n"
        assert server.post("/drain").code == 202
        assert client.receive_all() == b""
    assert server.post("/drain?wait").code == 200
    assert is_refused(server.address)
    check_back(server)


def at_rest(process):
    """Descriptors and threads, once those of the last requests are closed: the same ten times in a row."""
    readings = []

    def same():
        readings.append((process.descriptors, process.threads))
        time.sleep(0.02)
        return readings[-10:] == [readings[-1]] * 10

    eventually(same, "descriptors that stand still")
    return readings[-1]


@pytest.mark.parametrize("listeners", ["tcp", "unix"])
def test_again_and_again(listeners, tmp_path):
    """Descriptors and threads are as before, memory as after 50 cycles; every drain has its line."""
    with Echod("--loops", "2", listen=(LOCAL if listeners == "tcp" else f"unix:{tmp_path}/echo",)) as server:
        address = server.address
        cycle(server)
        process = server.process
        server.await_active(0)
        before = at_rest(process)
        for number in range(2, CYCLES + 1):
            cycle(server)
            if number == SETTLED_CYCLE:
                resident = process.resident
        server.await_active(0)
        eventually(lambda: at_rest(process) == before, f"descriptors and threads {before}")
        growth = process.resident - resident
        print(f"{CYCLES} cycles: descriptors and threads {before}, resident {resident} {growth:+}")
        assert growth <= MEBIBYTE
        assert server.address == address and drain_of(server)["id"] == CYCLES
        assert len(drain_lines(server)) == CYCLES


def test_during_the_accept_linger():
    """Old listeners serve their queues, no connection was marked: all go on; it can be done again at once."""
    with Echod("--accept-linger", "10s", "--drain-timeout", "60s", listen=(LOCAL,)) as server:
        clients = asked(server, 10)
        silent = server.client()
        server.await_active(11)
        for _ in range(count(5, 50)):
            assert server.post("/drain").json["state"] == "draining"
            eventually(lambda: is_refused(server.address), "refused")
            eventually(lambda: drain_of(server)["blocked_on"] == {"spread_turn": 11}, "all in their turn")
            check_open(clients)
            check_back(server)
            assert drain_of(server)["result"] == "undrained" and drain_of(server)["at_mark"] == 0
            check_open(clients)
        assert silent.asks(b"at last\n") == b"AT LAST\n"
        close_all(clients + [silent])


def test_during_the_spread():
    """A client that had its turn is closed; all others go on, and the previous drain never closes them."""
    options = ["--drain-spread", "10s", "--drain-timeout", "60s", "--linger", "60s"]
    with Echod(*options, listen=(LOCAL,)) as server:
        clients = asked(server, 20)
        assert server.post("/drain").code == 202
        eventually(lambda: drain_of(server)["at_mark"] >= 3, "three marked")
        assert undrain(server).code == 200
        # What was sent before the answer to the undrain is here when an answer of the echo is.
        marked = drain_of(server)["at_mark"]
        ended = [client for client in clients if has_ended(client)]
        going_on = [client for client in clients if client not in ended]
        assert 3 <= marked == len(ended) < len(clients)
        check_open(going_on)
        status = server.status()
        assert status["connections"]["active"] == len(clients)
        assert {row["state"] for row in server.connections()} == {"open", "closing"}
        close_all(ended)
        eventually(lambda: server.closed("drained") == marked, f"{marked} drained")
        # The previous turns are forgotten.
        check_open(going_on)
        assert server.status()["connections"]["active"] == len(going_on)
        # A second drain ends the others.
        assert server.post("/drain?timeout=1s").code == 202
        for client in going_on:
            assert client.receive_all() == b""
            client.close()
        assert server.post("/drain?wait").json["drain"]["result"] == "clean"


class Half:
    """A client with an unfinished line, and more behind it that only an undrain lets in."""

    def __init__(self, server):
        self.client = server.client()
        assert self.client.asks(b"before\n") == b"BEFORE\n"
        self.client.send(b"half")

    def finish(self):
        """Nothing was discarded: the line, and what follows it, are answered."""
        whole = b"HALF A LINE\nAND ANOTHER\n"
        self.client.send(b" a line\nand another\n")
        assert self.client.receive(len(whole)) == whole


def test_with_half_of_them_half_closed():
    """A connection whose FIN is sent finishes closing; one whose FIN is not is open again, with nothing discarded."""
    with Echod("--linger", "60s", listen=(LOCAL,)) as server:
        idle, halves = asked(server, 10), [Half(server) for _ in range(10)]
        server.await_active(20)
        for half in halves:
            server.await_row(half.client, partial_line=4)
        server.post("/drain")
        for client in idle:
            assert client.receive_all() == b""
        eventually(lambda: drain_of(server)["at_mark"] == 20, "all marked")
        # A sample is valid for twenty times what taking it cost: on a busy machine that is seen.
        blockers = {"partial_line": 10, "peer_close": 10}
        eventually(lambda: drain_of(server)["blocked_on"] == blockers, f"blocked_on {blockers}")
        assert undrain(server).code == 200
        for half in halves:
            half.finish()
        for client in idle:
            client.send(b"too late\n")
        late = lambda: sum(row["late_discarded"] for row in server.connections())
        eventually(lambda: late() == 90, "late bytes counted")
        assert {server.row(client)["state"] for client in idle} == {"closing"}
        assert {server.row(half.client)["state"] for half in halves} == {"open"}
        close_all(idle)
        eventually(lambda: server.closed("drained") == 10, "10 drained")
        check_open(half.client for half in halves)
        close_all(half.client for half in halves)
        eventually(lambda: server.closed("peer_closed") == 10, "10 peer_closed")
        (line,) = drain_lines(server)
        assert line["result"] == "undrained"


def test_what_waits_behind_the_mark_is_not_discarded():
    """A client that does not read, marked with input unread, gets all its answers after the undrain."""
    line = b"line after line\n" * 64
    with Echod(listen=(LOCAL,)) as server, server.client(receive_buffer=4096) as client:
        sent = client.send_until_blocked(line)
        row = settled(server) and server.row(client)
        assert row["unread"] > 0
        server.post("/drain")
        server.await_row(client, state="closing", blocked_on="peer_read")
        assert undrain(server).code == 200
        assert server.row(client)["state"] == "open"
        client.half_close()
        whole = (line * (sent // len(line) + 1))[:sent]
        assert client.receive_all() == answer_of(whole)
        server.await_reason(client.name, "peer_closed")


def test_from_drained_and_when_nothing_is_to_be_taken_back():
    """200 in serving, lame duck and drained; 409 once a signal has been seen, and the drain goes on."""
    with Echod(listen=(LOCAL,)) as server:
        check_back(server)
        assert server.status()["drain"] is None
        assert server.post("/drain?delay=10s").json["state"] == "lame_duck"
        check_back(server)
        assert server.post("/drain?wait").code == 200
        check_back(server)
        assert server.post("/shutdown?delay=10s").json["drain"]["intent"] == "exit"
        check_back(server)
        with server.client() as client:
            client.send(b"half")
            server.await_row(client, partial_line=4)
            server.signal(15)
            server.await_state("draining")
            refused = undrain(server)
            assert refused.code == 409 and "signal" in refused.json["detail"]
            assert server.state == "draining"
        assert server.exit_code() == 0


def test_a_port_that_was_taken_meanwhile():
    """500, the drain stays as it was; when the port is free the undrain succeeds."""
    with Echod(listen=(LOCAL,)) as server:
        assert server.post("/drain?wait").code == 200
        host, port = server.address.split(":")
        with socket.socket() as thief:
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            thief.bind((host, int(port)))
            thief.listen()
            failed = undrain(server)
            assert (failed.code, failed.headers["Content-Type"]) == (500, "application/problem+json")
            assert server.state == "drained"
        check_back(server)


def test_waiters_are_told():
    """409 with the status for clients that waited, when the drain is taken back."""
    with Echod(listen=(LOCAL,)) as server, Half(server).client:
        with Background(server.post, "/drain?wait") as waiter:
            eventually(lambda: drain_of(server).get("waiters") == 1, "one waiter")
            assert undrain(server).code == 200
            assert waiter.result().code == 409
            assert waiter.result().json["drain"]["result"] == "undrained"
