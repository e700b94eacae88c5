"""Clients that do not read, or do not finish their line: memory, the others, and the deadline."""

import signal
import time

import pytest
from echod import Background, Client, Echod, answer_of, count, eventually

MAX_LINE = 65_536
# Three times as long in upper case, and more than that: 2 bytes become 6.
TRIPLING = ("ΐ" * (MAX_LINE // 2 - 1) + "\n").encode()
BOUND = MAX_LINE + 3 * MAX_LINE + 65_536


def flood(address, data=TRIPLING):
    """A client that has sent until nothing more was taken, and has read nothing."""
    client = Client(address, receive_buffer=4096)
    client.send_until_blocked(data)
    return client


def await_stuck(server, number):
    """Until the server has stopped reading `number` clients: input waits in its kernel and stays there."""

    def figures():
        rows = server.connections()
        if sum(row["unread"] > 0 and row["unacked"] > 0 for row in rows) < number:
            return None
        return sorted((row["id"], row["received"]) for row in rows)

    eventually(lambda: (first := figures()) and first == figures(), f"{number} clients not read any more")


def assert_served(server, lines):
    """Other clients finish all their lines."""
    with server.client() as client:
        for number in range(lines):
            line = b"line %d of another\n" % number
            assert client.asks(line) == line.upper()
        half = b"".join(b"many %d\n" % number for number in range(lines))
        assert client.asks(half) == half.upper()


def end_at_deadline(server, timeout):
    """TERM, then the exit code, which comes at the deadline and no later than 2 s after it."""
    begin = time.monotonic()
    server.signal(signal.SIGTERM)
    code = server.exit_code()
    took = time.monotonic() - begin
    assert timeout <= took <= timeout + 2, f"ended after {took:.2f} s"
    return code


def test_memory_of_clients_that_never_read():
    """Each costs at most a line, three times that, and 64 KiB; others are served all the time."""
    number = count(24, 200)
    with Echod("--loops", "2", "--drain-timeout", "2s") as server:
        assert_served(server, 200)
        before = server.process.resident
        works = [Background(flood, server.address) for _ in range(number)]
        assert_served(server, 1000)
        clients = [work.result() for work in works]
        await_stuck(server, number)
        each = (server.process.resident - before) / number
        print(f"{each:.0f} bytes a client that does not read, bound {BOUND}")
        assert each <= BOUND
        assert_served(server, 1000)
        assert end_at_deadline(server, 2) == 3
        for client in clients:
            client.close()


def test_a_client_that_never_reads_is_cut_at_the_deadline():
    """Lost output: exit 3. What it reads in the end is a prefix of its answers."""
    with Echod("--drain-timeout", "1s") as server:
        line = b"abcdefg\n" * 100
        with flood(server.address, line) as client:
            await_stuck(server, 1)
            assert end_at_deadline(server, 1) == 3
            got = client.receive_until_reset()
            assert got == (answer_of(line) * (len(got) // len(line) + 1))[: len(got)]
        assert b"drain lost" in server.log


def test_a_half_typed_line_is_cut_at_the_deadline():
    """Nothing complete is lost: exit 2. Earlier lines were answered."""
    with Echod("--drain-timeout", "1s") as server, server.client() as client:
        assert client.asks(b"whole\n") == b"WHOLE\n"
        client.send(b"half")
        server.await_row(client, partial_line=4)
        assert end_at_deadline(server, 1) == 2
        assert client.receive_until_reset() == b""
        assert b"drain forced" in server.log and b"incomplete=4" in server.log


@pytest.mark.parametrize("rest", [b" line\n", b" line\nand what follows\n", None])
def test_a_half_typed_line_may_be_finished(rest):
    """Before the deadline the line is answered, what follows it is not, and the end is clean."""
    with Echod() as server, server.client() as client:
        client.send(b"half")
        server.await_row(client, partial_line=4)
        server.signal(signal.SIGTERM)
        server.await_row(client, blocked_on="partial_line")
        if rest:
            client.send(rest)
        else:
            client.half_close()
        assert client.receive_all() == (b"HALF LINE\n" if rest else b"HALF\n")
        client.close()
        assert server.exit_code() == 0
