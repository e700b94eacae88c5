"""Very many short connections leave nothing behind."""

import json
import os
import subprocess

from echod import Echod, count, eventually

WARM_UP = 10_000
CONNECTIONS = count(20_000, 300_000)
REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# `swift build -c release --package-path Benchmarks --product echo-load` makes it.
ECHO_LOAD = os.environ.get("ECHO_LOAD", os.path.join(REPOSITORY, "Benchmarks/.build/release/echo-load"))


def short_connections(server, number, *options):
    """Connects, asks a line, checks the answer and ends, `number` times."""
    result = subprocess.run(
        [ECHO_LOAD, "--address", server.address, "--short", str(number), "--deadline", "300", *options],
        capture_output=True,
        text=True,
        timeout=320,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)


def test_short_connections_leave_nothing_behind():
    """Descriptors and threads as before, memory grown by a mebibyte at most, and the sums are exact."""
    with Echod() as server:
        server.await_whole_start()
        descriptors = server.process.descriptors
        short_connections(server, WARM_UP)
        server.await_active(0)
        # By now every thread has run, and named itself.
        threads = sorted(server.process.threads)
        memory = server.process.resident
        short_connections(server, CONNECTIONS - WARM_UP)
        server.await_active(0)
        growth = server.process.resident - memory
        print(f"{CONNECTIONS} connections, {growth / 1024:.0f} KiB more than after the first {WARM_UP}")
        assert growth <= 1 << 20
        eventually(lambda: server.process.descriptors == descriptors, f"{descriptors} descriptors again")
        assert sorted(server.process.threads) == threads

        status = server.status()
        assert status["connections"]["accepted"] == CONNECTIONS == status["lines"]
        assert status["connections"]["closed"]["peer_closed"] == CONNECTIONS
        server.post("/shutdown")
        assert server.exit_code() == 0


def test_resets_leave_nothing_behind():
    """The same with clients that end by a reset."""
    number = count(3_000, 30_000)
    with Echod() as server:
        server.await_whole_start()
        descriptors = server.process.descriptors
        short_connections(server, number, "--close", "reset")
        server.await_active(0)
        eventually(lambda: server.process.descriptors == descriptors, f"{descriptors} descriptors again")
        assert server.closed("reset_by_peer") == number
