"""Few descriptors, many loops and listeners: both planes are full, and probes are answered all the same."""

import contextlib
import re
import time

import pytest
from echod import FULL, LOOPBACK, Client, Echod, run

LIMITS = (64, 128, 256, 1024)
LOOPS = (1, 8, 32, 64)
LISTENERS = (1, 60)
CORNERS = [(64, 1, 1), (256, 32, 1), (256, 1, 60), (1024, 64, 60)]
EVERY_PAIR = [(limit, loops, listeners) for limit in LIMITS for loops in LOOPS for listeners in LISTENERS]
IMPOSSIBLE = [(64, 8, 1), (128, 64, 1), (128, 1, 60), (20, 1, 1)]


def limited(limit):
    return ("prlimit", f"--nofile={limit}:{limit}")


def words(loops, listeners):
    return ["--loops", str(loops), *["--listen", LOOPBACK] * listeners, "--admin", LOOPBACK]


@pytest.mark.parametrize("limit, loops, listeners", EVERY_PAIR if FULL else CORNERS)
def test_both_planes_full(limit, loops, listeners):
    with contextlib.ExitStack() as stack:
        listen = (LOOPBACK,) * listeners
        try:
            server = stack.enter_context(Echod("--loops", str(loops), listen=listen, wrapper=limited(limit)))
        except AssertionError:
            assert (limit, loops, listeners) not in CORNERS
            result = run(*words(loops, listeners), wrapper=limited(limit))
            assert result.returncode == 1 and "Raise the limit, or lower --loops" in result.stderr
            return
        most = server.get("/config").json["options"]["max-connections"]["value"]
        assert most >= 1
        inside = [stack.enter_context(server.client()) for _ in range(most)]
        for client in inside:
            assert client.asks(b"in\n") == b"IN\n"
        outside = [stack.enter_context(server.client()) for _ in range(80)]
        idle = [stack.enter_context(Client(server.admin[0])) for _ in range(45)]
        times = []
        for _ in range(100):
            begin = time.monotonic()
            assert server.get("/livez").code == 200
            times.append(time.monotonic() - begin)
        assert sorted(times)[98] < 0.1, sorted(times)[-5:]
        for client in outside:
            assert client.receive_all() == b""
        # A window to measure in, not a state to wait for.
        begin, used = time.monotonic(), server.process.cpu_seconds
        time.sleep(1)
        share = (server.process.cpu_seconds - used) / (time.monotonic() - begin)
        assert share < 0.05, f"{share:.0%} of a CPU"
        assert inside[0].asks(b"still in\n") == b"STILL IN\n"
        assert b"cannot accept" not in server.log
        for client in inside + outside:
            client.close()
        del idle
        server.signal(15)
        assert server.exit_code() == 0


@pytest.mark.parametrize("limit, loops, listeners", IMPOSSIBLE)
def test_a_limit_that_leaves_no_client(limit, loops, listeners):
    """The error has the numbers, and what it asks for is enough."""
    result = run(*words(loops, listeners), wrapper=limited(limit))
    assert result.returncode == 1
    needed = int(re.search(rf"limit is {limit} .* needs (\d+)", result.stderr)[1])
    with Echod("--loops", str(loops), listen=(LOOPBACK,) * listeners, wrapper=limited(needed + 1)) as server:
        assert b"leaves few echo clients" in server.log
        with server.client() as client:
            assert client.asks(b"in\n") == b"IN\n"


def test_a_crowd_past_the_limit_is_not_reset():
    """More than there are places to refuse them in, and none of them leaves by itself."""
    with Echod("--max-connections", "1") as server, contextlib.ExitStack() as stack:
        inside = stack.enter_context(server.client())
        assert inside.asks(b"in\n") == b"IN\n"
        crowd = [stack.enter_context(server.client()) for _ in range(180)]
        for client in crowd:
            client.send(b"nobody hears\n")
        for client in crowd:
            assert client.receive_all() == b""
        assert inside.asks(b"still in\n") == b"STILL IN\n"
