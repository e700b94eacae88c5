"""/events: what readers are told, what becomes of readers that do not read, and how the streams end."""

import contextlib
import signal
import subprocess

from echod import PATIENCE, Background, Echod, count, eventually
from streams import Reader, held_drain


def flood(server, number, begin=80_000):
    """As many state events: each request brings the deadline nearer."""
    for n in range(number):
        assert server.post(f"/drain?timeout={begin - n}s").code == 202


def has_socket_of(reader):
    """Whether the server still holds its end of this connection; the kernel may send for it for longer."""
    port = f":{reader.socket.getsockname()[1]:04X}"
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table]
    return any(row[2].endswith(port) and row[9] != "0" for row in rows[1:])


def test_curl_shows_what_happens():
    with Echod() as server:
        command = ["curl", "-sN", "-i", f"http://{server.admin[0]}/events"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as curl:
            lines = []
            while "event: totals\n" not in lines:
                lines.append(curl.stdout.readline())
            server.signal(signal.SIGTERM)
            lines += curl.stdout.readlines()
            assert curl.wait(PATIENCE) == 0
        assert server.exit_code() == 0
    text = "".join(lines)
    for header in ("Content-Type: text/event-stream", "Cache-Control: no-store", "X-Accel-Buffering: no"):
        assert f"{header}\n" in text.replace("\r", "")
    assert lines.index("retry: 1000\n") < lines.index("event: state\n") < lines.index("event: totals\n")
    names = [line.split()[1] for line in lines if line.startswith("event: ")]
    assert names[0] == "state" and names[-1] == "done" and names.count("done") == 1
    data = [line for line in lines if line.startswith("data: ")]
    states = [line.partition('"state":"')[2].partition('"')[0] for line in data]
    assert [s for n, s in enumerate(states) if s not in states[:n]] == ["serving", "draining", "drained", "exiting"]
    assert '"exit_code":0' in data[-1]


def test_reader_that_is_behind_is_cut_and_others_go_on():
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Echod())
        stack.enter_context(held_drain(server))
        lazy = stack.enter_context(Reader(server.admin[0], receive_buffer=4096))
        reader = stack.enter_context(Reader(server.admin[0]))
        assert lazy.await_first() and reader.await_first()
        reading = stack.enter_context(Background(reader.read_to_end))
        # The kernel decides how much it holds for it besides our 64 KiB, 4 MB at most.
        begin = 80_000
        while has_socket_of(lazy):
            assert begin > 70_000, "not cut"
            flood(server, 100, begin)
            begin -= 100
        # Its end has come, though the client did not stop the stream.
        with contextlib.suppress(ConnectionResetError):
            lazy.read_to_end()
        assert server.is_running and not lazy.is_whole
        timeout = (begin + 1) * 1000
        last = lambda: reader.events[-1][1]["drain"]
        eventually(lambda: last() and last()["timeout_ms"] < timeout + 10_000, "the others are told the last")
        # Its place is free.
        assert stack.enter_context(Reader(server.admin[0])).await_first()[0] == "state"
        server.signal(signal.SIGTERM)
        server.signal(signal.SIGQUIT)
        reading.result()
        assert server.exit_code() == 2
        assert reader.is_whole and reader.events[-1][0] == "done"


def test_counts_never_go_back():
    with Echod() as server, Reader(server.admin[0]) as reader, Background(reader.read_to_end):
        clients = [server.client() for _ in range(20)]
        for client in clients:
            assert client.asks(b"hello\n") == b"HELLO\n"
        server.signal(signal.SIGTERM)
        for client in clients:
            client.close()
        assert server.exit_code() == 0
    assert reader.is_whole
    for key in ("lines", "uptime_ms"):
        values = [status[key] for _, status in reader.events]
        assert values == sorted(values)
    final = reader.events[-1][1]
    assert (final["lines"], final["connections"]["accepted"], final["connections"]["active"]) == (20, 20, 0)


def test_exits_with_readers_of_all_kinds():
    """Some read, some never do and have bytes waiting, some have gone: the end is orderly all the same."""
    for round in range(count(5, 100)):
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(Echod())
            client = stack.enter_context(held_drain(server))
            readers = [stack.enter_context(Reader(server.admin[0])) for _ in range(8)]
            lazy = [stack.enter_context(Reader(server.admin[0], receive_buffer=4096)) for _ in range(4)]
            gone = [stack.enter_context(Reader(server.admin[0])) for _ in range(4)]
            for reader in readers + lazy + gone:
                reader.await_first()
            reading = [stack.enter_context(Background(reader.read_to_end)) for reader in readers]
            flood(server, 60 if round % 2 else 5)
            for reader in gone[:2]:
                reader.reset()
            for reader in gone[2:]:
                reader.close()
            client.send(b"ne\n")
            assert client.receive(len("THE MIDDLE OF A LINE\n")) == b"THE MIDDLE OF A LINE\n"
            server.signal(signal.SIGTERM)
            client.half_close()
            assert server.exit_code() == 0
            for one in reading:
                one.result()
            for reader in readers:
                name, status = reader.events[-1]
                assert reader.is_whole and name == "done"
                assert (status["exit_code"], status["lines"], status["state"]) == (0, 2, "exiting")
                assert status["connections"]["active"] == 0
            assert b"at once" not in server.log
