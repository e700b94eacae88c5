"""No descriptor is left when a client comes: it is served later, and meanwhile nothing spins or ends."""

import resource
import shutil
import socket
import time
from pathlib import Path

import pytest
from echod import PATIENCE, Client, Echod, endpoint, eventually, run
from streams import Reader

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace")


def inject(error, when):
    """strace that lets accept4 fail; `when` counts for each thread."""
    fault = f"inject=accept4:error={error}:when={when}"
    return "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=accept4", "-e", fault


@needs_strace
@pytest.mark.parametrize("error", ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"])
@pytest.mark.parametrize("when", ["1", "1..3", "1+2"])
def test_accept_fails(error, when):
    """Once, three times, every other time: each client is served in the end, and the end is clean."""
    with Echod(wrapper=inject(error, when)) as server:
        for _ in range(3):
            with server.client() as client:
                assert client.asks(b"hello\n") == b"HELLO\n"
        assert b"cannot accept" in server.log
        assert server.log.count(b"cannot accept") <= 6
        server.signal(15)
        assert server.exit_code() == 0


@needs_strace
@pytest.mark.parametrize("error", ["ECONNABORTED", "EPROTO", "EINTR"])
def test_a_client_is_gone_before_it_is_accepted(error):
    """That is no reason to pause, nor worth an error line."""
    with Echod(wrapper=inject(error, "1+2")) as server:
        for _ in range(5):
            with server.client() as client:
                assert client.asks(b"hello\n") == b"HELLO\n"
        assert b"error" not in server.log
        server.signal(15)
        assert server.exit_code() == 0


def test_a_lasting_shortage():
    """While it lasts the process uses next to no time and serves those inside; then also the others."""
    with Echod("--loops", "1") as server, server.client() as inside:
        assert inside.asks(b"in\n") == b"IN\n"
        before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (server.process.descriptors, before[1]))
        waiting = [server.client() for _ in range(5)]
        for client in waiting:
            client.send(b"waiting\n")
        server.logged("cannot accept")
        # A window to measure in, not a state to wait for.
        begin, used = time.monotonic(), server.process.cpu_seconds
        time.sleep(1)
        share = (server.process.cpu_seconds - used) / (time.monotonic() - begin)
        assert share < 0.05, f"{share:.0%} of a CPU"
        assert inside.asks(b"still in\n") == b"STILL IN\n"
        assert server.is_running

        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)
        for client in waiting:
            assert client.receive(8) == b"WAITING\n"
            client.close()
        assert server.log.count(b"cannot accept") == 1
        eventually(lambda: server.closed("peer_closed") == 5, "five ended")


def test_as_many_clients_as_the_descriptor_limit_allows():
    """The default leaves descriptors for the admin plane: it answers when the echo is full."""
    with Echod(wrapper=("prlimit", "--nofile=128:128")) as server:
        limit = server.get("/config").json["options"]["max-connections"]["value"]
        assert 60 < limit < 100
        inside = [server.client() for _ in range(limit)]
        for client in inside:
            assert client.asks(b"in\n") == b"IN\n"
        outside = [server.client() for _ in range(20)]
        for client in outside:
            assert client.receive_all() == b""
        assert server.get("/livez").code == 200 and server.get("/readyz").text.strip() == "ok (full)"
        eventually(lambda: server.closed("refused") == 20, "20 refused")
        for client in inside + outside:
            client.close()
        server.await_active(0)
        assert b"cannot accept" not in server.log
        server.signal(15)
        assert server.exit_code() == 0


def test_more_than_the_descriptor_limit_allows():
    """A limit over what there are descriptors for is an error that names both."""
    result = run("--max-connections", "1000000000")
    assert result.returncode == 1
    assert "--max-connections 1000000000 is more than there are descriptors for" in result.stderr


def test_the_table_of_descriptors_is_grown_before_the_threads_start():
    """The kernel doubles it for one that comes, and holds a process with threads for milliseconds each time."""
    with Echod(wrapper=("prlimit", "--nofile=5000:5000")) as server:
        status = Path(f"/proc/{server.pid}/status").read_text()
        assert int(status.partition("FDSize:")[2].split()[0]) >= 5000


@needs_strace
@pytest.mark.parametrize("error", ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"])
def test_accept_fails_on_the_admin_plane(error):
    """The admin address falls silent for a pause at most, though an event stream keeps its connection."""
    with Echod(wrapper=inject(error, "2..4")) as server:
        stream = Reader(server.admin[0])
        stream.await_first()
        begin = time.monotonic()
        for _ in range(3):
            assert server.get("/livez").code == 200
        assert server.post("/shutdown").code == 202
        assert time.monotonic() - begin < 5
        assert b"cannot accept (" in server.log
        assert server.exit_code() == 0
        stream.close()


@pytest.mark.parametrize("spare", [1, 2, 4])
def test_a_burst_on_the_admin_plane_with_few_descriptors_left(spare):
    """Each client is answered: none makes room for the next one before that."""
    with Echod() as server:
        family, target = endpoint(server.admin[0])
        before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (server.process.descriptors + spare, before[1]))
        clients = [socket.socket(family) for _ in range(30)]
        for client in clients:
            client.settimeout(PATIENCE)
            client.connect(target)
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answers = [client.recv(4096)[:12] for client in clients]
        for client in clients:
            client.close()
        assert answers == [b"HTTP/1.1 200"] * 30
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)


def test_a_lasting_shortage_of_the_admin_plane():
    """Idle clients make room; then newcomers wait, and nothing spins; nobody is reset."""
    with Echod("--loops", "1") as server:
        idle = [Client(server.admin[0]) for _ in range(3)]
        assert server.get("/livez").code == 200
        before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (server.process.descriptors, before[1]))
        # One at a time, each finds the place of the one that has waited longest.
        for _ in range(10):
            assert server.get("/livez").code == 200
        assert idle[0].receive_all() == b""
        begin, used = time.monotonic(), server.process.cpu_seconds
        waiting = [Client(server.address) for _ in range(2)]
        # A window to measure in, not a state to wait for.
        time.sleep(1)
        share = (server.process.cpu_seconds - used) / (time.monotonic() - begin)
        assert share < 0.05, f"{share:.0%} of a CPU"
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)
        for client in waiting:
            assert client.asks(b"in\n") == b"IN\n"
        assert server.get("/livez").code == 200


def test_a_shortage_without_newcomers_ends_nobody():
    """No descriptor is left on the admin plane, and no client asks for one: idle clients keep theirs."""
    with Echod() as server, Reader(server.admin[0]) as stream:
        stream.await_first()
        idle = [Client(server.admin[0]) for _ in range(3)]
        assert server.get("/livez").code == 200
        before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (server.process.descriptors, before[1]))
        # The reaper looks at the stream's client once a second.
        assert all(stream.read() for _ in range(2))
        for client in idle:
            client.socket.setblocking(False)
            with pytest.raises(BlockingIOError):
                client.socket.recv(1)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)
