"""Every reason for which a connection ends: what the client sees, and what /connections and /status say."""

import signal
import threading
import time

import pytest
from echod import Background, Client, Echod, answer_of, eventually


def test_peer_closed():
    with Echod() as server, server.client() as client:
        client.send(b"one\ntwo")
        client.half_close()
        assert client.receive_all() == b"ONE\nTWO\n"
        row = server.await_reason(client.name, "peer_closed")
        assert (row["lines"], row["received"], row["sent"]) == (2, 7, 8)


def test_drained():
    with Echod() as server, server.client() as client:
        assert client.asks(b"one\n") == b"ONE\n"
        server.post("/drain")
        assert client.receive_all() == b""
        name = client.name
        client.close()
        server.await_reason(name, "drained")


def test_late_bytes_are_discarded_without_a_reset():
    """What comes after our FIN is counted; the client keeps its answers and its end of file."""
    with Echod("--linger", "60s") as server, server.client() as client:
        assert client.asks(b"one\n") == b"ONE\n"
        server.post("/drain")
        assert client.receive_all() == b""
        client.send(b"too late\n" * 10_000)
        server.await_row(client, late_discarded=90_000)
        name = client.name
        client.close()
        assert server.await_reason(name, "drained")["lines"] == 1
        assert server.status()["drain"]["result"] == "clean"


def test_idle():
    """A silent client gets end of file, not before its time; one that talks stays."""
    # Far longer than a busy machine delays the client that talks.
    with Echod("--idle-timeout", "2s") as server, server.client() as silent, server.client() as talking:
        begin = time.monotonic()
        end = threading.Event()

        def talk():
            while not end.wait(0.05):
                assert talking.asks(b"on\n") == b"ON\n"

        with Background(talk):
            try:
                assert silent.asks(b"one\n") == b"ONE\n"
                assert silent.receive_all() == b""
                assert time.monotonic() - begin >= 2
                name = silent.name
                silent.close()
                server.await_reason(name, "idle")
                assert server.row(talking)["state"] == "open"
            finally:
                end.set()


@pytest.mark.parametrize(
    "bad, reason",
    [
        (b"x" * 17, "line_too_long"),
        (b"x" * 5000 + b"\nafter\n", "line_too_long"),
        (b"\xff\nafter\n", "invalid_utf8"),
        (b"\xed\xa0\x80\n", "invalid_utf8"),
        (b"cut \xc3\n\xa9\n", "invalid_utf8"),
    ],
    ids=["unfinished", "whole", "no lead byte", "surrogate", "cut by a newline"],
)
def test_bad_lines(bad, reason):
    """Earlier lines are answered, nothing after; then end of file, no reset, even if the client sends on."""
    with Echod("--max-line", "16") as server, server.client() as client:
        client.send(b"earlier\n" + b"y" * 16 + b"\n" + bad)
        assert client.receive_all() == b"EARLIER\n" + b"Y" * 16 + b"\n"
        client.send(b"more and more\n" * 1000)
        eventually(lambda: client.unacknowledged == 0, "later input acknowledged")
        assert client.receive_all() == b""
        name = client.name
        client.close()
        row = server.await_reason(name, reason)
        assert row["lines"] == 2


@pytest.mark.parametrize(
    "bad, reason",
    [(b"\xff\n", "invalid_utf8"), (b"x" * 70_000 + b"\n", "line_too_long")],
    ids=["invalid", "too long"],
)
def test_a_bad_line_in_a_full_queue(bad, reason):
    """Unread answers on one side, unread input on the other: all answers before the bad line arrive."""
    good = b"earlier\n" * 10_000
    with Echod("--loops", "1") as server:
        server.set_buffers(receive=1 << 20, send=16_384)
        with server.client(receive_buffer=8192, segment=1400) as client:
            server.await_active(1)
            with server.stopped():
                client.send(good + bad + b"after\n" * 10_000)
                eventually(lambda: client.unacknowledged == 0, "all input acknowledged")
            server.await_row(client, blocked_on="peer_read", state="open")
            assert client.receive_all() == good.upper()
            client.send(b"more and more\n" * 1000)
            # What is discarded leaves the server's queue; an answer to it would be a reset.
            eventually(lambda: client.unacknowledged == 0, "later input acknowledged")
            assert client.receive_all() == b""
            name = client.name
        server.await_reason(name, reason)


def test_invalid_utf8_at_the_end_of_file():
    """An unfinished line is judged whole when the client half-closes."""
    with Echod() as server, server.client() as client:
        client.send(b"earlier\nhalf \xc3")
        client.half_close()
        assert client.receive_all() == b"EARLIER\n"
        server.await_reason(client.name, "invalid_utf8")


def test_reset_by_peer():
    with Echod() as server:
        client = server.client()
        assert client.asks(b"one\n") == b"ONE\n"
        name = client.name
        client.reset()
        server.await_reason(name, "reset_by_peer")
        assert server.status()["connections"]["active"] == 0


def test_write_stalled():
    """A client that takes nothing is cut; what it finds is a prefix of its answers. A slow one is not cut."""
    line = b"abcdefg\n" * 64
    # Longer than a busy machine may keep the client from filling the buffers: it is still sending until then.
    with Echod("--write-timeout", "3s") as server:
        with server.client(receive_buffer=4096) as client, server.client() as other:
            client.send_until_blocked(line)
            server.await_reason(client.name, "write_stalled")
            server.logged(" warning bytes lost ", f" peer={client.name} reason=write_stalled")
            got = client.receive_until_reset()
            assert got and got == (answer_of(line) * (len(got) // len(line) + 1))[: len(got)]
            # A client without answers to read is not stalled.
            assert other.asks(b"here\n") == b"HERE\n"


def test_a_slow_reader_is_not_stalled():
    """While bytes are taken, however few, the write timeout does not count."""
    line = b"abcdefg\n" * 64
    # The segments of an Ethernet: those of loopback do not fit a small window, and wait for timers.
    options = {"receive_buffer": 8192, "segment": 1400}
    with Echod("--write-timeout", "2s") as server, server.client(**options) as client:
        sent = client.send_until_blocked(line)
        whole = line * (sent // len(line)) + line[: sent % len(line)]
        client.half_close()
        end = time.monotonic() + 3
        got = b""
        while time.monotonic() < end:
            got += client.receive(2048)
            time.sleep(0.05)
        assert len(got) < sent
        got += client.receive_all()
        assert got == answer_of(whole)
        server.await_reason(client.name, "peer_closed")


def test_refused():
    """Past the limit: end of file at once; the others do not notice; a place that is free again is reused."""
    with Echod("--max-connections", "2") as server, server.client() as first, server.client() as second:
        assert first.asks(b"one\n") == b"ONE\n" and second.asks(b"two\n") == b"TWO\n"
        assert (server.get("/readyz").code, server.get("/readyz").text.strip()) == (200, "ok (full)")
        with server.client() as third:
            third.send(b"nobody hears\n")
            assert third.receive_all() == b""
            server.await_reason(third.name, "refused")
        assert first.asks(b"on\n") == b"ON\n" and second.asks(b"on\n") == b"ON\n"
        first.close()
        server.await_active(1)
        with server.client() as fourth:
            assert fourth.asks(b"in\n") == b"IN\n"


def test_very_many_refused():
    """A crowd beyond the limit: each client is refused, none disturbs those served, all are counted."""
    with Echod("--max-connections", "1") as server, server.client() as inside:
        assert inside.asks(b"in\n") == b"IN\n"
        crowd = [server.client() for _ in range(100)]
        for client in crowd:
            assert client.receive_all() == b""
            client.close()
        assert inside.asks(b"still in\n") == b"STILL IN\n"
        eventually(lambda: server.closed("refused") == 100, "100 refused")


def test_forced_by_abort():
    """/drain?mode=abort resets every connection and keeps the process."""
    with Echod() as server, server.client() as client:
        assert client.asks(b"one\n") == b"ONE\n"
        answer = server.post("/drain?mode=abort&wait")
        assert (answer.code, answer.json["drain"]["result"], answer.json["exit_code"]) == (500, "forced", 2)
        assert client.receive_until_reset() == b""
        server.await_reason(client.name, "forced")


@pytest.mark.parametrize(
    "cut",
    [
        lambda server: server.signal(signal.SIGQUIT),
        lambda server: server.post("/shutdown?mode=abort"),
        lambda server: insist(server),
    ],
    ids=["QUIT", "abort", "second TERM"],
)
def test_forced_at_the_end(cut):
    """Each way to cut ends in a reset for the client with a half-typed line, and exit code 2."""
    with Echod() as server, server.client() as client:
        assert client.asks(b"one\n") == b"ONE\n"
        client.send(b"half")
        server.await_row(client, partial_line=4)
        begin = time.monotonic()
        cut(server)
        assert client.receive_until_reset() == b""
        assert server.exit_code() == 2
        assert time.monotonic() - begin < 20, "that was the deadline"
        assert b"drain forced" in server.log


def insist(server):
    """TERM, again at once, which counts as the same signal, and again after the 500 ms of the contract."""
    server.signal(signal.SIGTERM)
    server.signal(signal.SIGTERM)
    server.await_state("draining")
    time.sleep(0.6)
    assert server.state == "draining"
    server.signal(signal.SIGTERM)


def test_quit_without_clients():
    """Nobody was cut: exit 0."""
    with Echod() as server:
        server.signal(signal.SIGQUIT)
        assert server.exit_code() == 0


def test_unix_clients_end_like_others(tmp_path):
    """Half-close and drain on a Unix socket."""
    address = f"unix:{tmp_path}/echo"
    with Echod(listen=(address,)) as server, Client(address) as client, Client(address) as other:
        client.send(b"one\ntwo")
        client.half_close()
        assert client.receive_all() == b"ONE\nTWO\n"
        assert other.asks(b"three\n") == b"THREE\n"
        eventually(lambda: server.closed("peer_closed") == 1, "peer_closed")
        server.post("/drain")
        assert other.receive_all() == b""
        other.close()
        eventually(lambda: server.closed("drained") == 1, "drained")
