"""The bytes themselves, in both modes."""

import random
import socket

import pytest
from echod import Background, Echod, answer_of, count


def exchange(client, data):
    """Sends everything and half-closes while reading everything."""

    def send():
        client.send(data)
        client.half_close()

    with Background(send):
        return client.receive_all()


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 1 << 20, count(8, 100) << 20])
def test_verbatim(size):
    """Random bytes come back as they came, then end of file."""
    data = random.Random(size).randbytes(size)
    with Echod("--mode", "verbatim") as server, server.client() as client:
        assert exchange(client, data) == data
        row = server.await_reason(client.name, "peer_closed")
        assert (row["received"], row["sent"], row["lines"], row["partial_line"]) == (size, size, 0, None)


def test_verbatim_needs_no_newline():
    """A byte comes back before anything follows it; in a drain everything received comes back."""
    with Echod("--mode", "verbatim") as server, server.client() as client:
        for byte in (b"a", b"\n", b"\xff", b"\0"):
            client.send(byte)
            assert client.receive(1) == byte
        client.send(b"no newline")
        assert client.receive(10) == b"no newline"
        server.post("/shutdown")
        assert client.receive_all() == b""
        client.close()
        assert server.exit_code() == 0


TEXT = (
    "plain\n\n  both ends\t\n\u00a0no-break\u2003\nStraße ﬁ ŉ ΐ ǆ\nΌσος Σ\r\nnul \0 inside\n"
    + "\u2028line\u2029\n" + "é" * 5000 + "\n" + "last without a newline"
).encode()  # fmt: skip


@pytest.mark.parametrize("longest", [1, 2, 3, 7, 17, 1000])
def test_upper_in_pieces(longest):
    """However the input is cut, the answer is Python's."""
    source = random.Random(longest)
    with Echod() as server, server.client() as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def send():
            start = 0
            while start < len(TEXT):
                size = source.randint(1, longest)
                client.send(TEXT[start : start + size])
                start += size
            client.half_close()

        with Background(send):
            assert client.receive_all() == answer_of(TEXT)


def test_upper_in_bulk():
    """Mebibytes of lines in one go."""
    data = TEXT.rpartition(b"\n")[0] + b"\n"
    data *= count(300, 3000)
    with Echod() as server, server.client() as client:
        assert exchange(client, data) == answer_of(data)


def test_a_slow_reader_gets_everything():
    """A small window, and a server that has to wait for it again and again."""
    data = b"".join(b"line %d\n" % number for number in range(100_000))
    with Echod() as server, server.client(receive_buffer=4096) as client:
        assert exchange(client, data) == data.upper()


@pytest.mark.parametrize("mode", ["upper", "verbatim"])
def test_urgent_data_is_in_line(mode):
    """MSG_OOB bytes stay where they were sent; none is lost when several follow each other."""
    with Echod("--mode", mode) as server, server.client() as client:
        expected = b"ABC!DEF?\n?GHI!\n"
        client.send(b"abc")
        client.socket.send(b"!", socket.MSG_OOB)
        client.send(b"def?\n")
        client.socket.send(b"?", socket.MSG_OOB)
        client.send(b"ghi")
        client.socket.send(b"!", socket.MSG_OOB)
        client.send(b"\n")
        got = client.receive(len(expected))
        assert got == (expected if mode == "upper" else expected.lower())
        client.half_close()
        assert client.receive_all() == b""


def test_urgent_data_on_a_unix_socket(tmp_path):
    """Accepted Unix sockets inherit no option: each of many urgent bytes still arrives."""
    path = tmp_path / "echo"
    with Echod("--mode", "verbatim", listen=(f"unix:{path}",)) as server, server.client() as client:
        for _ in range(200):
            client.send(b"ab")
            client.socket.send(b"!", socket.MSG_OOB)
        assert client.receive(600) == b"ab!" * 200


@pytest.mark.parametrize("mode", ["upper", "verbatim"])
def test_urgent_data_in_a_drain(mode):
    """A stopped server has urgent bytes in its queue when it is told to end: all of it is answered."""
    data = b"first\nsec"
    with Echod("--mode", mode) as server, server.client() as client:
        server.await_active(1)
        with server.stopped():
            client.send(data)
            client.socket.send(b"!", socket.MSG_OOB)
            client.send(b"ond\nthird\n")
            server.signal(15)
        expected = b"first\nsec!ond\nthird\n"
        assert client.receive_all() == (expected.upper() if mode == "upper" else expected)
        client.close()
        assert server.exit_code() == 0
